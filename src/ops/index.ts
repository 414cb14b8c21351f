/** Shows, operates and saves a running node: metrics, the admin port, snapshots. */
export {
  type AdminActions,
  drainAction,
  ecpuLimitAction,
  logLevelAction,
  memoryAction,
  rotateAction,
  slowAction,
} from './admin/actions.ts';
export { type AdminRecord, readRecords, writeRecord } from './admin/admin-records.ts';
export { type AdminOptions, AdminServer } from './admin/admin-server.ts';
export { SnapshotRoutes } from './admin/snapshot-routes.ts';
export {
  type HotReport,
  type HotRow,
  type MergedReport,
  type MergedRow,
  mergeHot,
  readHotReport,
} from './keys/hot-report.ts';
export {
  type CensusTotals,
  KeyCensus,
  type LargeItem,
  type PrefixTotals,
} from './keys/key-census.ts';
export { keyJson, utf8Of } from './keys/key-json.ts';
export { Pacer } from './keys/pacer.ts';
export { type Metric, unitOf } from './metrics/metric.ts';
export type { MetricSource } from './metrics/sample.ts';
export { METRICS } from './metrics/table.ts';
export { loadS3 } from './s3/load-s3.ts';
export { AtomicFile, withFile } from './snapshot/atomic-file.ts';
export {
  COMPRESSIONS,
  type Compression,
  ID_BYTES,
  MARK,
  newSnapshotItem,
  type SnapshotFacts,
  type SnapshotItem,
} from './snapshot/format.ts';
export { newRestoreCounts } from './snapshot/item-restorer.ts';
export { missingText, restoreText } from './snapshot/outcome-text.ts';
export { SnapshotDecoder, type SnapshotReceiver } from './snapshot/snapshot-decoder.ts';
export { SnapshotEncoder } from './snapshot/snapshot-encoder.ts';
export { FileFolder } from './snapshot/snapshot-folder.ts';
export type { RestoreOutcome } from './snapshot/snapshot-job.ts';
export { SnapshotSchedule } from './snapshot/snapshot-schedule.ts';
export { type WarmEvent, WarmRestart } from './snapshot/warm-restart.ts';
export { type Activity, withLatency } from './top/activity.ts';
export { changesPerSecond } from './top/changes.ts';
export { withCluster } from './top/cluster-activity.ts';
export { TopHistory, type TopView } from './top/history.ts';
export { order, SORTS, type SortKey } from './top/order.ts';
export type { Reading } from './top/reading.ts';
