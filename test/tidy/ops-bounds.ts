import { bytes, count, ms } from './amounts.ts';

/** The rows of docs/architecture.md, “What is bounded”, for the room `ops` and for logs. */
export const opsBounds = (the: (path: string, name: string) => number) => ({
  'admin port': [
    count(the('admin-server.ts', 'CONNECTIONS_MAX')),
    count(the('admin-server.ts', 'REQUESTS_MAX')),
    bytes(the('admin-server.ts', 'HEADER_BYTES_MAX')),
    ms(the('admin-server.ts', 'HEADERS_MS_MAX')),
    bytes(the('request-body.ts', 'BODY_BYTES_MAX')),
    ms(the('admin-server.ts', 'REQUEST_MS_MAX')),
  ],
  'line of a log': [count(the('log/log-record.ts', 'LINE_CHARACTERS_MAX'))],
  'lines that a process keeps of its log': [
    count(the('log/log-ring.ts', 'RING_LINES_MAX')),
    count(the('log/log-ring.ts', 'RING_CHARACTERS_MAX')),
    count(the('ops/admin/log-route.ts', 'FOLLOWERS_MAX')),
  ],
  'log of a worker thread': [count(the('thread-log.ts', 'LINES_MAX'))],
  'log of a process': [bytes(the('bounded-output.ts', 'BYTES_MAX'))],
  'samples of the admin port': [ms(the('ops/admin/pages.ts', 'SAMPLE_MS'))],
  'sampled requests': [count(the('request-samples.ts', 'SAMPLED_REQUESTS_PER_SECOND'))],
  'hot keys': [
    count(the('hot-key-sampler.ts', 'NOTED_KEYS_PER_SECOND')),
    count(the('hot-key-table.ts', 'KEY_SLOTS')),
    count(the('hot-key-table.ts', 'PREFIX_SLOTS')),
    count(the('commands/admin/hot-keys.ts', 'HOT_KEYS_MAX')),
  ],
  'keys that `slabring keys` lists': [
    count(the('key-census.ts', 'PREFIXES_MAX')),
    count(the('cli/verbs/keys.ts', 'ROWS_MAX')),
  ],
  'lines of slow requests': [count(the('slow-requests.ts', 'LINES_PER_WINDOW_MAX'))],
  'event loop of a thread': [ms(the('thread-meter.ts', 'LOOP_SAMPLE_MS'))],
  'snapshot in S3': [
    count(the('s3-upload.ts', 'PARTS_IN_FLIGHT_MAX')),
    bytes(the('s3-upload.ts', 'PART_BYTES')),
    bytes(the('s3-upload.ts', 'LATE_PART_BYTES')),
    count(the('s3-upload.ts', 'EARLY_PARTS')),
    count(the('s3-upload.ts', 'PARTS_MAX')),
    count(the('s3-client.ts', 'TRIES_MAX')),
    ms(the('s3-client.ts', 'SILENT_MS_MAX')),
  ],
  'credentials for S3': [
    count(the('key-endpoint.ts', 'TRIES_MAX')),
    ms(the('key-endpoint.ts', 'TOTAL_MS_MAX')),
    ms(the('credentials.ts', 'REFRESH_BEFORE_MS')),
  ],
  'rounds of `slabring top`': [ms(1000 * the('cli/cache/watch.ts', 'INTERVAL_SECONDS_MIN'))],
});

/** Those for the room `cluster`. */
export const clusterBounds = (the: (path: string, name: string) => number) => ({
  'node of `slabring cluster`': [
    ms(the('node-process.ts', 'START_TIMEOUT_MS')),
    ms(the('node-process.ts', 'STOP_TIMEOUT_MS')),
    ms(the('node-process.ts', 'STALL_TIMEOUT_MS')),
  ],
  'silence of a node of `slabring cluster`': [
    ms(the('frozen-check.ts', 'ROUND_MS')),
    count(the('frozen-check.ts', 'SILENT_ROUNDS_MAX')),
    count(the('frozen-check.ts', 'SILENT_ROUNDS_MAX_ALONE')),
  ],
  'change of the nodes': [ms(the('change-progress.ts', 'STALL_MS_MAX'))],
  'link to a peer': [
    count(the('peer-limits.ts', 'LINK_LIMITS.framesMax')),
    count(the('peer-limits.ts', 'CONTROL_FRAMES')),
    bytes(the('peer-limits.ts', 'LINK_LIMITS.bytesMax')),
    ms(the('peer-limits.ts', 'LINK_LIMITS.connectMs')),
    ms(the('peer-limits.ts', 'LINK_LIMITS.replyMs')),
    ms(the('peer-limits.ts', 'LINK_LIMITS.retryMsMax')),
  ],
  'frame of a peer': [
    bytes(the('peer/frame.ts', 'PEER_VALUE_BYTES_MAX')),
    bytes(the('peer/frame.ts', 'PAYLOAD_BYTES_MAX') - the('peer/frame.ts', 'PEER_VALUE_BYTES_MAX')),
    bytes(the('peer/frame.ts', 'HANDSHAKE_PAYLOAD_BYTES_MAX')),
    bytes(the('peer/requests.ts', 'PING_BYTES_MAX')),
  ],
  'peers of a thread': [
    count(the('peer-limits.ts', 'LISTENER_LIMITS.connectionsMax')),
    count(the('peer-limits.ts', 'LISTENER_LIMITS.handshakesMax')),
    ms(the('peer-limits.ts', 'LISTENER_LIMITS.handshakeMs')),
    bytes(the('peer-limits.ts', 'LISTENER_LIMITS.bytesMax')),
  ],
  'forwarded requests of a thread': [
    count(the('parked-forwards.ts', 'PARKED_MAX')),
    bytes(the('parked-forwards.ts', 'PARKED_BYTES_MAX')),
    ms(the('parked-forwards.ts', 'PARKED_MS_MAX')),
    count(the('topology-view.ts', 'ADOPTION_WAITS_MAX')),
    ms(the('topology-view.ts', 'ADOPTION_MS_MAX')),
  ],
  'socket of a supervisor': [
    count(the('control-server.ts', 'CONNECTIONS_MAX')),
    count(the('local-proxies.ts', 'LOCAL_PROXIES_MAX')),
    bytes(the('control/messages.ts', 'LINE_BYTES_MAX')),
    ms(the('control-server.ts', 'REQUEST_MS_MAX')),
    bytes(the('control-server.ts', 'BACKLOG_BYTES_MAX')),
  ],
});

/** The rows for the sessions of a node in a cluster. */
export const sessionBounds = (the: (path: string, name: string) => number) => ({
  'replies that a connection waits for': [
    count(the('session/reply-queue.ts', 'WINDOW_FIRST')),
    count(the('session/reply-queue.ts', 'WINDOW_MAX')),
    bytes(the('session/reply-queue.ts', 'BYTES_MAX')),
  ],
  'forwarded requests in a run, in a frame': [
    count(the('session/forwarded-requests.ts', 'REQUESTS_MAX')),
    bytes(the('session/forwarded-requests.ts', 'BYTES_MAX')),
    count(the('forward-frames.ts', 'ITEMS_MAX')),
    bytes(the('forward-frames.ts', 'BYTES_MAX')),
    bytes(the('forward-frames.ts', 'REPLY_BYTES')),
  ],
  'forwarded requests of a thread to a node': [
    bytes(the('session/forward-budget.ts', 'BYTES_MAX')),
    bytes(the('session/forward-budget.ts', 'RUN_BYTES_MIN')),
  ],
  'forwarded request, its reply': [
    bytes(the('cluster-routing.ts', 'FORWARDED_BYTES_MAX')),
    bytes(the('peer-session.ts', 'PEER_REPLY_BYTES_MAX')),
  ],
  'wait for a decision about a key': [count(the('key-decision.ts', 'WAITS_MAX'))],
  'part of a get for one node': [
    count(the('value-sizes.ts', 'PART_KEYS_MAX')),
    bytes(the('value-sizes.ts', 'PART_BYTES')),
  ],
});

/** The row for the copying of items in a cluster. */
export const copyBounds = (the: (path: string, name: string) => number) => ({
  'copying of items in a cluster': [
    ms(the('fill-run.ts', 'ROUND_MS_MAX')),
    count(the('fill-pacer.ts', 'RESTS_PER_WORK_MAX')),
    ms(the('fill-pacer.ts', 'LATE_MS_MAX')),
    count(the('fill-run.ts', 'KEYS_PER_ROUND')),
    bytes(the('fast-walk.ts', 'SET_BYTES_MAX')),
    count(the('fast-walk.ts', 'SETS_MAX')),
    count(the('access-bands.ts', 'BANDS_MAX')),
    count(the('fill-run.ts', 'STATES_WITHOUT_MEMORY_MAX')),
  ],
});
