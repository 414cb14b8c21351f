/** Clusters as they are wanted: ElastiCache's API in front, a reconciler behind. */
export type { KeyReply } from './keys/key-orders.ts';
export { orderKeys } from './keys/key-socket.ts';
export { Manager, type ManagerOptions } from './manager.ts';
export { coverage } from './service/coverage.ts';
