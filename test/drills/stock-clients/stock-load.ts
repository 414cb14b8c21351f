import { fileURLToPath } from 'node:url';
import { Agent, type AgentSettings } from '../../interop/debian/agent.ts';
import {
  clientMissing,
  type DebianClient,
  PHP_MEMCACHED,
  PYLIBMC,
  PYMEMCACHE,
} from '../../interop/debian/clients.ts';

/** A batch of operations belongs to the phase of the drill in which it began. */
const OPERATIONS = 25;
/** Between two operations: the clients shall not wait for cores that they take themselves. */
const PAUSE_MS = 2;

export interface LoadSettings extends AgentSettings {
  /** No other client uses keys that begin so. */
  readonly prefix: string;
  readonly keys: number;
  readonly seed: number;
  readonly pauseMs: number;
}

/** What the process of a load has seen since its last reply. */
export interface Seen {
  hits: number;
  misses: number;
  /** Older values than the acknowledged ones, values of deleted keys, and increments twice. */
  stale: number;
  /** Increments that were acknowledged and are not in their counter. */
  lost: number;
  /** Operations that the client has given up. */
  failed: number;
  /** How often each error came; the client then tried again. */
  readonly errors: Record<string, number>;
  /** The first of the misses, stale values …, as sentences. */
  readonly wrong: string[];
  /** How long each operation took. */
  readonly ms: number[];
}

const MEMJS: DebianClient = {
  title: "npm's memjs",
  packages: [],
  probe: [process.execPath, '--version'],
  agent: [],
  load: [process.execPath, fileURLToPath(new URL('memjs-load.ts', import.meta.url))],
};

const ALL = { pymemcache: PYMEMCACHE, pylibmc: PYLIBMC, memjs: MEMJS, php: PHP_MEMCACHED };
export type ClientName = keyof typeof ALL;

/** The clients that this machine has; it prints why others are left out. */
export function installedClients(): readonly ClientName[] {
  return (Object.keys(ALL) as ClientName[]).filter((name) => {
    const reason = clientMissing(ALL[name]);
    if (reason !== undefined) console.warn(`skipped: the load of ${name}: ${reason}`);
    return reason === undefined;
  });
}

/**
 * A client that nobody here wrote, in a process of its own: it reads, writes, deletes and counts
 * keys that no other client uses, and knows what each read must return. All loads do the same:
 *
 *     drill ──  ["fill"], ["work", 25] …, ["verify"]  ──▶  process of the client
 *           ◀──  {"value": Seen}  ───────────────────
 */
export class StockLoad {
  readonly title: string;
  /** By phase of the drill. */
  readonly seen = new Map<string, Seen>();
  readonly #agent: Agent;
  #phase = 'fill';
  #isRunning = true;
  #working: Promise<void> = Promise.resolve();

  constructor(client: ClientName, wanted: Pick<LoadSettings, 'servers' | 'keys' | 'seed'>) {
    this.title = wanted.servers.length === 1 ? `${client}, one address` : client;
    const { load = [], ...more } = ALL[client];
    const prefix = `${client}-${wanted.seed}`;
    const settings: LoadSettings = { ...wanted, prefix, pauseMs: PAUSE_MS };
    this.#agent = new Agent({ ...more, agent: load }, settings);
  }

  /** All errors, each once. */
  get errors(): readonly string[] {
    const all = [...this.seen.values()].flatMap(({ errors }) => Object.keys(errors));
    return [...new Set(all)];
  }

  /** By phase: how many operations, their p99, and errors. */
  get summary(): string {
    const phases = [...this.seen].map(([phase, { ms, errors }]) => {
      const sorted = ms.toSorted((one, other) => one - other);
      const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
      const failed = Object.entries(errors).map(([text, count]) => `, ${count} × ${text}`);
      return `${phase} ${ms.length}, p99 ${p99.toFixed(1)} ms${failed.join('')}`;
    });
    return phases.join('; ');
  }

  fill(): Promise<void> {
    return this.#call('fill');
  }

  /** Works until `stop`; what it sees from here on belongs to this phase. */
  begin(phase: string): void {
    const isFirst = this.#phase === 'fill';
    this.#phase = phase;
    if (isFirst) this.#working = this.#work();
  }

  /** Reads all keys at the end. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#working;
    this.#phase = 'verify';
    await this.#call('verify');
  }

  /** Ends the process of the client. */
  async end(): Promise<void> {
    this.#isRunning = false;
    const isOver = this.#working.catch(() => {});
    await this.#agent.stop();
    await isOver;
  }

  async #work(): Promise<void> {
    while (this.#isRunning) await this.#call('work', OPERATIONS);
  }

  async #call(operation: string, ...args: readonly number[]): Promise<void> {
    const phase = this.#phase;
    const seen = (await this.#agent.call(operation, ...args)) as unknown as Seen;
    const all = this.seen.get(phase);
    this.seen.set(phase, all === undefined ? seen : added(all, seen));
  }
}

function added(all: Seen, more: Seen): Seen {
  for (const kind of ['hits', 'misses', 'stale', 'lost', 'failed'] as const) {
    all[kind] += more[kind];
  }
  for (const [text, count] of Object.entries(more.errors)) {
    all.errors[text] = (all.errors[text] ?? 0) + count;
  }
  all.wrong.push(...more.wrong);
  all.ms.push(...more.ms);
  return all;
}
