/** Shows and operates a running node: metrics, and the admin port. */
export {
  type AdminActions,
  drainAction,
  logLevelAction,
  memoryAction,
  rotateAction,
} from './admin/actions.ts';
export { type AdminOptions, AdminServer } from './admin/admin-server.ts';
export { type Metric, unitOf } from './metrics/metric.ts';
export type { MetricSource } from './metrics/sample.ts';
export { METRICS } from './metrics/table.ts';
