/** Shows, operates and saves a running node: metrics, the admin port, snapshots. */
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
export { WarmRestart } from './snapshot/warm-restart.ts';
export { type Activity, type Reading, ratePerSecond } from './top/activity.ts';
export { TopHistory, type TopView } from './top/history.ts';
export { order, SORTS, type SortKey } from './top/order.ts';
