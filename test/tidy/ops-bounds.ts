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
  'log of a worker thread': [count(the('thread-log.ts', 'LINES_MAX'))],
  'log of a process': [bytes(the('bounded-output.ts', 'BYTES_MAX'))],
  'samples of the admin port': [ms(the('ops/admin/pages.ts', 'SAMPLE_MS'))],
  'sampled requests': [count(the('request-samples.ts', 'SAMPLED_KEYS_PER_SECOND'))],
  'lines of slow requests': [count(the('slow-requests.ts', 'LINES_PER_WINDOW_MAX'))],
  'event loop of a thread': [ms(the('thread-meter.ts', 'LOOP_SAMPLE_MS'))],
  'rounds of `slabring top`': [ms(1000 * the('cli/cache/watch.ts', 'INTERVAL_SECONDS_MIN'))],
});
