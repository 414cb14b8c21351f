import { CodedError } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { followUntilEnd } from '../log/follow-until-end.ts';

/** memcached's streams; a node refuses those that it does not have. */
const STREAMS = [
  'fetchers',
  'mutations',
  'evictions',
  'connevents',
  'deletions',
  'sysevents',
  'rawcmds',
  'proxyreqs',
  'proxyevents',
  'proxyuser',
] as const;
const DEFAULT_STREAM = 'fetchers';

/** `slabring watch` */
export const watchVerb = defineCacheVerb({
  name: 'watch',
  summary: 'follow requests, evictions and connections of every node, live',
  description:
    'Follows the event streams of every node (`watch` of the Memcached protocol), a line for ' +
    'each event with its time and node: fetchers (gets), mutations (sets), evictions, connevents ' +
    '(connections), deletions. It shows keys, odd characters as %XX, and no values. It works ' +
    'with every Memcached node; with a login, a slabring node needs the role admin.\n' +
    'Events that nobody watches cost a node nothing. A node never waits for a reader: one that ' +
    'is too slow misses events, and sees it. A node that goes away is asked again.\n' +
    'Exit code 0: it was ended by Ctrl-C;',
  parameters: ['[stream...]'],
  flags: {},
  check: (streams) => {
    const known: ReadonlySet<string> = new Set(STREAMS);
    const wrong = streams.find((each) => !known.has(each));
    if (wrong === undefined) return;
    const text = `"${wrong}" is no stream of events; there are ${STREAMS.join(', ')}.`;
    throw new CodedError('ERR_USAGE', text);
  },
  examples: [
    { command: 'slabring watch', effect: 'every get of the local cluster: hit or miss' },
    { command: 'slabring watch evictions deletions', effect: 'what leaves the cache, and why' },
    { command: 'slabring watch connevents --nodes a,b,c', effect: 'who connects' },
    { command: "slabring watch mutations --json | jq -c '[.node,.key]'", effect: 'for a program' },
  ],
  run(_cache, options, host, streams, { watch }) {
    const sources = watch(streams.length === 0 ? [DEFAULT_STREAM] : streams);
    return followUntilEnd(sources, options, host);
  },
});
