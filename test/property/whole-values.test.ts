import { expect, test } from 'vitest';
import { audit } from '../support/audit.ts';
import { OP, packet } from '../support/binary-wire.ts';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';

const STEPS = 4000;
const STEPS_PER_STATS_CHECK = 50;
const ALL_STREAMS = 0xffff;
/**
 * Empty values, sizes of one class and of its neighbours, and both sides of the bound of 16 KiB.
 */
const SIZES = [0, 0, 1, 5, 20, 90, 100, 110, 400, 5000, 16_384, 16_385, 20_000];
const EXPTIMES = [0, 0, 0, 5, 100, -1, 1];
const STATS_COMMANDS = ['stats', 'stats items', 'stats sizes'];
/**
 * Statistics that may differ: of the process, of pages, and of the LRU tail (docs/decisions/0013).
 */
const MAY_DIFFER = /rusage|rss|time|pid|pointer|slab|malloced|:age/;

const seed = testSeed();

/** A session that records its events. */
class ObservedSession {
  readonly events: string[] = [];
  readonly harness: SessionHarness;

  constructor() {
    const publish = (_stream: number, text: string): void => void this.events.push(text);
    const log = { watchedStreams: ALL_STREAMS, cfd: 0, publish };
    this.harness = new SessionHarness(testShare(), 0, { log });
    this.harness.send('stats sizes_enable\r\n');
  }

  /** Returns the replies and then the events. */
  feed(pieces: readonly Buffer[]): readonly string[] {
    this.events.length = 0;
    return [this.harness.feedPieces(pieces), ...this.events];
  }

  statsLines(): readonly string[] {
    const lines = STATS_COMMANDS.flatMap((page) => this.harness.send(`${page}\r\n`).split('\r\n'));
    return lines.filter((line) => !MAY_DIFFER.test(line));
  }
}

/** A storage request with a random verb and random flags. */
function classicStore(random: Random, key: string, cas: number, value: string): string {
  const verb = random.pick(['set', 'set', 'add', 'replace', 'append', 'prepend', 'cas']);
  const unique = verb === 'cas' ? ` ${cas}` : '';
  const rest = `${random.pick([0, 0, 7])} ${random.pick(EXPTIMES)} ${value.length}${unique}`;
  const end = random.oneIn(25) ? 'xx' : '\r\n';
  return `${verb} ${key} ${rest}${random.pick(['', ' noreply'])}\r\n${value}${end}`;
}

function metaStore(random: Random, key: string, cas: number, value: string): string {
  const mode = random.pick(['S', 'E', 'A', 'P', 'R']);
  const all = ['b', 'c', 'k', 's', 'q', 'Oabc', 'T5', 'F7', 'I', `C${cas}`, 'E9999', `M${mode}`];
  const flags = all.filter(() => random.oneIn(3));
  const word = flags.includes('b') ? Buffer.from(key).toString('base64') : key;
  return `ms ${[word, value.length, ...flags].join(' ')}\r\n${value}\r\n`;
}

function otherRequest(random: Random, key: string): string {
  return random.pick([
    `mg ${key} v k b f t c s h l\r\n`,
    `gets ${key}\r\n`,
    `md ${key} I T30\r\n`,
    `mg ${key} N30 v c\r\n`,
    `delete ${key}\r\n`,
    'flush_all 2\r\n',
  ]);
}

function textRequest(random: Random, key: string, cas: number): string {
  const value = random.pick(['a', 'b']).repeat(random.pick(SIZES));
  const kind = random.int(0, 9);
  if (kind < 4) return classicStore(random, key, cas, value);
  return kind < 7 ? metaStore(random, key, cas, value) : otherRequest(random, key);
}

function binaryRequest(random: Random, key: string, cas: number): string {
  const opcode = random.pick([OP.set, OP.setq, OP.add, OP.addq, OP.replace, OP.append, OP.get]);
  if (opcode === OP.get) return packet({ opcode, key }).toString('latin1');
  const extras = Buffer.alloc(opcode === OP.append ? 0 : 8, random.pick([0, 0, 1]));
  const value = 'v'.repeat(random.pick(SIZES));
  const unique = BigInt(random.pick([0, 0, 0, cas]));
  return packet({ opcode, key, extras, value, opaque: 7, cas: unique }).toString('latin1');
}

test.for([
  ['text', textRequest],
  ['binary', binaryRequest],
] as const)(
  `one piece or two: a %s request has the same replies, events and stats (seed ${seed})`,
  ([, request]) => {
    const random = new Random(seed);
    const [atOnce, inPieces] = [new ObservedSession(), new ObservedSession()];
    for (let step = 0; step < STEPS; step++) {
      const { clock } = atOnce.harness.parts;
      const cas = Math.max(1, clock.seqLow - random.int(0, 5));
      const bytes = Buffer.from(request(random, `key-${random.int(0, 11)}`, cas), 'latin1');
      const pieces = [bytes.subarray(0, -1), bytes.subarray(-1)];
      const shown = JSON.stringify(bytes.toString('latin1', 0, 80));
      expect(atOnce.feed([bytes]), `step ${step}: ${shown}`).toEqual(inPieces.feed(pieces));
      if (random.oneIn(30)) {
        const next = clock.now() + 1;
        for (const { harness } of [atOnce, inPieces]) harness.parts.clock.tick(next);
      }
      if (request === textRequest && step % STEPS_PER_STATS_CHECK === 0) {
        expect(atOnce.statsLines(), `step ${step}`).toEqual(inPieces.statsLines());
      }
    }
    expect(audit(atOnce.harness.parts)).toEqual([]);
  },
);
