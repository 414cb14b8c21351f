import type { Logger } from '../../base/index.ts';
import { type ClusterMetrics, valueIn } from '../metrics/cluster-metrics.ts';
import { MEASURE_AT, type MeasureName } from '../metrics/measures.ts';
import type { NodeReading } from '../metrics/reading.ts';
import { PROXY_NODE } from '../metrics/sampler.ts';
import { together } from '../metrics/series.ts';
import { staying } from '../model/node-count.ts';
import { nodeType } from '../model/node-types.ts';
import type { ClusterRecord } from '../model/records.ts';
import { hiddenName } from '../model/serverless-names.ts';
import type { ServerlessRecord } from '../model/serverless-records.ts';
import { failureOf } from '../reconciler/failures.ts';
import { isInUse, newCacheSnapshot, removeCacheSnapshot } from '../service/serverless-snapshots.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';
import { dueSnapshot, expired } from './daily.ts';
import { type LoadSample, nextShape } from './growth.ts';
import { resized } from './resize.ts';
import { boundsOf } from './shape.ts';
import { usageAfter } from './usage.ts';

/** How often each cache is looked at. */
const LOOK_MS = 5000;
/** What the size of a cache follows from. */
const SAMPLES_MS = 6 * 60_000;
/** A number of a node that is older says nothing about now. */
const NOW_MS = 15_000;

interface KeeperParts {
  readonly state: StateFile;
  readonly files: SnapshotFiles;
  readonly metrics: Pick<ClusterMetrics, 'now' | 'since'>;
  /** The memory that a cache without a maximum may have. */
  readonly freeMib: number;
  readonly nowMs: () => number;
  readonly log: Logger;
  /** The reconciler has something to do. */
  readonly changed: (clusterId: string) => void;
}

/** Sizes serverless caches by their load, counts what they use, and takes their snapshots. */
export class ServerlessKeeper {
  readonly #parts: KeeperParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look at all caches. */
  look(): void {
    const { state } = this.#parts;
    for (const { name } of state.list('serverlesscache')) this.#try(name, () => this.#look(name));
    this.#try('snapshots', () => this.#expire());
  }

  #try(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      this.#parts.log.error({ what }, `${what}: ${failure.message} The next look tries it again.`);
    }
  }

  #look(name: string): void {
    const { state, changed } = this.#parts;
    const id = hiddenName(name);
    const look = (run: (cache: ServerlessRecord, nodes: ClusterRecord) => ClusterRecord): void => {
      const isChanged = state.transaction(() => {
        const cache = state.get('serverlesscache', name);
        const nodes = state.get('serverlesscluster', id);
        if (cache?.status !== 'available' || nodes === undefined) return false;
        const next = run(cache, nodes);
        if (next !== nodes) state.put('serverlesscluster', id, next);
        return next !== nodes;
      });
      if (isChanged) changed(id);
    };
    look((cache, nodes) => {
      const sized = this.#size(this.#count(cache, nodes), nodes);
      state.put('serverlesscache', name, sized.cache);
      return sized.nodes;
    });
    // A snapshot that is refused undoes nothing else.
    look((cache, nodes) => this.#saveDaily(cache, nodes));
  }

  #count(cache: ServerlessRecord, { id }: ClusterRecord): ServerlessRecord {
    const { metrics, nowMs } = this.#parts;
    const atMs = nowMs();
    const all = metrics.now(id, atMs - NOW_MS);
    const usedBytes = all
      .filter(({ node }) => node !== PROXY_NODE)
      .reduce((sum, { sample }) => sum + (valueIn(sample, 'usedBytes') ?? 0), 0);
    const found = all.find(({ node }) => node === PROXY_NODE);
    const proxy = found && {
      startedSeconds: found.reading.startedSeconds,
      ecpu: counterIn(found.reading, 'ecpu'),
      throttled: counterIn(found.reading, 'throttled'),
    };
    return { ...cache, usage: usageAfter(cache.usage, { atMs, usedBytes, proxy }) };
  }

  /** Another size, if the load or the limits want it, and no other change is under way. */
  #size(cache: ServerlessRecord, nodes: ClusterRecord) {
    const { freeMib, nowMs } = this.#parts;
    if (nodes.status !== 'available') return { cache, nodes };
    const bounds = boundsOf(cache.limits, freeMib);
    const now = nowMs();
    const shape = {
      nodes: staying(nodes).length,
      memoryMib: nodeType(nodes.nodeType)!.memoryMib,
    };
    const samples = this.#samples(nodes, now - SAMPLES_MS);
    const next = nextShape({ samples, shape, sinceMs: cache.resizedMs, nowMs: now }, bounds);
    if (next === undefined) return { cache, nodes };
    const text = `${shape.nodes} × ${shape.memoryMib} MiB to ${next.nodes} × ${next.memoryMib} MiB`;
    this.#tell(cache.name, `Scaling from ${text}`);
    return { cache: { ...cache, resizedMs: now }, nodes: resized(nodes, next, now) };
  }

  #samples(nodes: ClusterRecord, fromMs: number): readonly LoadSample[] {
    const { metrics } = this.#parts;
    const ofNodes = staying(nodes).map(({ id }) => metrics.since(nodes.id, 'fine', fromMs, id));
    return together(ofNodes).map(({ atMs, sample }) => ({
      atMs,
      usedBytes: valueIn(sample, 'usedBytes') ?? 0,
      evictions: valueIn(sample, 'evictions') ?? 0,
      cpu: valueIn(sample, 'cpu') ?? 0,
    }));
  }

  /** Begins the daily snapshot, if it is due and no step fails, which would be before it. */
  #saveDaily(cache: ServerlessRecord, nodes: ClusterRecord): ClusterRecord {
    const { state, nowMs } = this.#parts;
    if (nodes.snapshot !== undefined || nodes.failure !== undefined) return nodes;
    const due = dueSnapshot(cache, state.list('serverlesscachesnapshot'), nowMs());
    if (due === undefined) return nodes;
    const context = { state, nowMs: nowMs() };
    const { name } = newCacheSnapshot(due, 'automated', cache, context);
    return { ...nodes, snapshot: hiddenName(name) };
  }

  #expire(): void {
    const { state, files, nowMs } = this.#parts;
    const removals: (() => void)[] = [];
    state.transaction(() => {
      const after = (run: () => void): void => void removals.push(run);
      for (const snapshot of expired(state.list('serverlesscachesnapshot'), nowMs())) {
        if (!isInUse(snapshot, { state })) removeCacheSnapshot(snapshot, { state, files, after });
      }
    });
    for (const remove of removals) remove();
  }

  #tell(name: string, message: string): void {
    const { state, nowMs } = this.#parts;
    state.addEvent({ sourceType: 'serverless-cache', sourceId: name, message, atMs: nowMs() });
  }
}

/** 0 if the proxy does not have it. */
function counterIn({ numbers }: NodeReading, name: MeasureName): number {
  const value = numbers[MEASURE_AT[name]];
  return typeof value === 'number' && !Number.isNaN(value) ? value : 0;
}
