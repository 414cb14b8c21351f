/** Clusters as they are wanted: ElastiCache's API in front, a reconciler behind. */
export {
  type Attachment,
  attach,
  clusterIdFor,
  createProposed,
  snippetOf,
} from './attach/attach.ts';
export { ApiClient, accessOf } from './calls/api-client.ts';
export type { KeyReply } from './keys/key-orders.ts';
export { orderKeys } from './keys/key-socket.ts';
export { Manager, type ManagerOptions } from './manager.ts';
export { coverage } from './service/coverage.ts';
