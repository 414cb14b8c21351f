/** Clusters as they are wanted: ElastiCache's API in front, a reconciler behind. */
export { type FirstKey, Manager, type ManagerOptions } from './manager.ts';
export { coverage } from './service/coverage.ts';
