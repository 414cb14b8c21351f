import { bytes, count, ms } from './amounts.ts';

type The = (path: string, name: string) => number;

/** Of what the manager sees, and does by itself. */
const watchBounds = (the: The) => ({
  'samples of managed clusters': [
    count(the('control/metrics/cluster-metrics.ts', 'NODES_MAX')),
    count(the('metrics/sampler.ts', 'READS_MAX')),
    ms(the('metrics/admin-reader.ts', 'READ_MS_MAX')),
    bytes(the('metrics/admin-reader.ts', 'READ_BYTES_MAX')),
  ],
  'events of managed clusters': [
    count(the('state-file.ts', 'EVENTS_MAX')),
    count(the('state-file.ts', 'EVENTS_DAYS')),
  ],
  'page of `GetMetricData`': [
    count(the('monitoring/get-metric-data.ts', 'NODES_READ_MAX')),
    count(the('monitoring/get-metric-data.ts', 'DATAPOINTS_MAX')),
  ],
  'auto scaling of a managed cluster': [
    count(the('service/scaling/policies.ts', 'POLICIES_MAX')),
    count(the('service/scaling/scheduled-actions.ts', 'ACTIONS_MAX')),
    count(the('service/scaling/activities.ts', 'ACTIVITIES_MAX')),
    ms(the('scaling/scaler.ts', 'LOOK_MS')),
    count(the('scaling/cron.ts', 'YEARS_AHEAD')),
  ],
});

/** The rows of docs/architecture.md, “What is bounded”, for the room `control`. */
export const controlBounds = (the: The) => ({
  ...toolBounds(the),
  ...serverlessBounds(the),
  'request of the managed API': [
    bytes(the('api/api-server.ts', 'BODY_BYTES_MAX')),
    count(the('api/query.ts', 'NAMES_MAX')),
    count(the('api/read-members.ts', 'ELEMENTS_MAX')),
    count(the('api/query.ts', 'DEPTH_MAX')),
    ms(the('api/api-server.ts', 'REQUEST_MS_MAX')),
  ],
  'connections of the managed API': [
    count(the('api/api-server.ts', 'CONNECTIONS_MAX')),
    count(the('api/rate.ts', 'BURST')),
    count(the('api/rate.ts', 'PER_SECOND')),
  ],
  'access keys of the managed API': [
    count(the('control/keys/key-orders.ts', 'KEYS_MAX')),
    count(the('control/access/iam-policy.ts', 'POLICY_CHARS_MAX')),
    count(the('control/keys/key-socket.ts', 'CONNECTIONS_MAX')),
    bytes(the('control/keys/key-socket.ts', 'LINE_CHARS_MAX')),
    ms(the('control/keys/key-socket.ts', 'REQUEST_MS_MAX')),
  ],
  'replies that are kept for tries': [
    count(the('reply-memory.ts', 'ENTRIES_MAX')),
    count(the('reply-memory.ts', 'LIFE_MS') / 60_000),
  ],
  'sessions of the console': [
    count(the('console/sessions.ts', 'SESSIONS_MAX')),
    count(the('console/sessions.ts', 'IDLE_MS_MAX') / 60_000),
    count(the('console/sessions.ts', 'LIFE_MS_MAX') / 3600_000),
    count(the('console/sign-in.ts', 'ATTEMPTS.burst')),
  ],
  ...watchBounds(the),
  'step of a managed cluster': [
    ms(the('local-runtime.ts', 'NODES_START_MS_MAX')),
    ms(the('run-entry.ts', 'ORPHANS_MS_MAX')),
    ms(the('local-runtime.ts', 'STOP_MS_MAX')),
    ms(the('reconciler.ts', 'RETRY_MS')),
    ms(the('reconciler.ts', 'RETRY_MS_MAX')),
    count(the('reconciler.ts', 'COPY_TRIES_MAX')),
  ],
});

const serverlessBounds = (the: The) => ({
  'serverless caches': [
    count(the('service/serverless.ts', 'CACHES_MAX')),
    count(the('service/serverless-snapshots.ts', 'SNAPSHOTS_PER_DAY_MAX')),
    count(the('serverless/shape.ts', 'NODES_MAX')),
    bytes(the('serverless/shape.ts', 'NODE_MIB_MAX') * 2 ** 20),
  ],
});

/** Of the verbs that read a database, or call the API. */
const toolBounds = (the: The) => ({
  'template of `slabring apply`': [
    bytes(the('apply/template-text.ts', 'TEMPLATE_BYTES_MAX')),
    count(the('apply/template-text.ts', 'VALUES_MAX')),
    count(the('apply/template-text.ts', 'DEPTH_MAX')),
    count(the('apply/template.ts', 'RESOURCES_MAX')),
    count(the('apply/expressions.ts', 'TEXT_LENGTH_MAX')),
    ms(the('apply/resource-type.ts', 'WAIT_MS_MAX')),
    ms(the('apply/resource-type.ts', 'BUSY_MS_MAX')),
  ],
  'catalog of a database': [
    count(the('attach/catalog.ts', 'TABLES_MAX')),
    count(the('attach/postgres-catalog.ts', 'COLUMNS_MAX')),
    ms(the('attach/postgres-catalog.ts', 'CONNECT_SECONDS_MAX') * 1000),
    ms(the('attach/postgres-catalog.ts', 'STATEMENT_MS_MAX')),
    ms(the('attach/postgres-catalog.ts', 'READ_MS_MAX')),
    count(the('attach/sqlite-catalog.ts', 'COUNTED_ROWS_MAX')),
  ],
  'call of the managed API by slabring': [
    count(the('calls/api-client.ts', 'TRIES_MAX')),
    ms(the('calls/api-client.ts', 'CALL_MS_MAX')),
    bytes(the('calls/api-client.ts', 'REPLY_BYTES_MAX')),
  ],
});
