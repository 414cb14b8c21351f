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
  'node of `slabring cluster`': [
    ms(the('node-process.ts', 'START_TIMEOUT_MS')),
    ms(the('node-process.ts', 'STOP_TIMEOUT_MS')),
    ms(the('node-process.ts', 'STALL_TIMEOUT_MS')),
  ],
  'socket of a supervisor': [
    count(the('control-server.ts', 'CONNECTIONS_MAX')),
    bytes(the('control/messages.ts', 'LINE_BYTES_MAX')),
    ms(the('control-server.ts', 'REQUEST_MS_MAX')),
  ],
  'line of a log': [count(the('log/log-record.ts', 'LINE_CHARACTERS_MAX'))],
  'log of a worker thread': [count(the('thread-log.ts', 'LINES_MAX'))],
  'log of a process': [bytes(the('bounded-output.ts', 'BYTES_MAX'))],
  'samples of the admin port': [ms(the('ops/admin/pages.ts', 'SAMPLE_MS'))],
  'event loop of a thread': [ms(the('thread-meter.ts', 'LOOP_SAMPLE_MS'))],
  'rounds of `slabring top`': [ms(1000 * the('cli/cache/watch.ts', 'INTERVAL_SECONDS_MIN'))],
});
