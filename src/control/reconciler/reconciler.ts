import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, type Logger } from '../../base/index.ts';
import { staying } from '../model/node-count.ts';
import type { ParameterValues } from '../model/parameters.ts';
import { type ClusterRecord, everyCluster } from '../model/records.ts';
import { clusterKind } from '../model/serverless-names.ts';
import type { ClusterSpec, Observed, Runtime } from '../runtime/runtime.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';
import { failureOf } from './failures.ts';
import { eventOf, followNodes, removeCache } from './serverless-status.ts';
import { type Ending, restoreSnapshot, writeSnapshot } from './snapshot-steps.ts';
import { nextStep, restarted, type Settled, type Step, settle, type Wanted } from './steps.ts';
import { groupValuesOf, wantedOf } from './wanted.ts';

/** How often each cluster is looked at, although nobody has changed it. */
const LOOK_MS = 2000;
/** After a failure the next try is later and later, up to this. */
const RETRY_MS_MAX = 30_000;
const RETRY_MS = 500;
/** So often a snapshot or a restore is tried before it counts as failed. */
const COPY_TRIES_MAX = 4;

interface ReconcilerParts {
  readonly state: StateFile;
  readonly files: SnapshotFiles;
  /** Of slabring, as nodes that start have it. */
  readonly version: string;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly nowMs: () => number;
  /** Waits before another try; ends at once when the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** What one cluster is in. */
interface Work {
  isRunning: boolean;
  /** Somebody has changed the cluster since the last look. */
  isChanged: boolean;
  failures: number;
  /** The step that was made last, as JSON. */
  last: string;
  /** What ran at the last look. */
  seen: Observed | undefined;
}

/**
 * Makes clusters as they are wanted, one step after the other. Each step follows from the record
 * and from what runs, so a process that dies leaves nothing that the next one would not find.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #pause: NonNullable<ReconcilerParts['pause']>;
  readonly #work = new Map<string, Work>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#pause = parts.pause ?? ((ms, signal) => pause(ms, undefined, { signal }));
  }

  start(): void {
    const look = (): void => {
      for (const { id } of everyCluster(this.#parts.state)) this.changed(id);
    };
    look();
    this.#timer = setInterval(look, LOOK_MS);
  }

  /** Looks at a cluster now, or after the step that is under way. */
  changed(id: string): void {
    if (this.#stopping.signal.aborted) return;
    const work = this.#work.get(id) ?? {
      isRunning: false,
      isChanged: false,
      failures: 0,
      last: '',
      seen: undefined,
    };
    this.#work.set(id, work);
    work.isChanged = true;
    if (work.isRunning) return;
    work.isRunning = true;
    const running = this.#reconcile(id, work).finally(() => {
      work.isRunning = false;
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** What ran of a cluster when it was looked at last. */
  seen(id: string): Observed | undefined {
    return this.#work.get(id)?.seen;
  }

  /** Resolves once no step is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #reconcile(id: string, work: Work): Promise<void> {
    const { signal } = this.#stopping;
    while (work.isChanged && !signal.aborted) {
      work.isChanged = false;
      try {
        while (!signal.aborted && (await this.#step(id, work)));
        work.failures = 0;
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        this.#failed(id, failure);
        // The same step is made again: it may work now.
        work.last = '';
        const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** work.failures++);
        await this.#pause(delayMs, signal).catch(() => {});
        work.isChanged = true;
      }
    }
    if (this.#parts.state.get(clusterKind(id), id) === undefined) this.#work.delete(id);
  }

  /** Whether there was something to do. */
  async #step(id: string, work: Work): Promise<boolean> {
    const { state, runtime } = this.#parts;
    const observed = await runtime.observe(id);
    work.seen = observed;
    const cluster = this.#save(id, (record) => settle(record, observed, this.#wanted(record)));
    const step = cluster && nextStep(cluster, observed, this.#wanted(cluster));
    const text = JSON.stringify(step ?? '');
    const isRepeated = step !== undefined && text === work.last;
    work.last = text;
    if (isRepeated) throw new CodedError('ERR_RUNTIME', `${textOf(step)} had no effect.`);
    if (cluster === undefined || step === undefined) return false;
    this.#parts.log.info({ cluster: id, step }, `${id}: ${textOf(step)}`);
    const ending = await this.#run(this.#begun(cluster, step), step, work);
    if (ending !== undefined) this.#save(id, ending);
    if (step.kind !== 'forget') return true;
    state.transaction(() => {
      state.remove(clusterKind(id), id);
      this.#tell(id, ['Cache cluster deleted']);
      removeCache(id, state);
    });
    return false;
  }

  async #run(cluster: ClusterRecord, step: Step, { failures }: Work): Promise<Ending | undefined> {
    const { signal } = this.#stopping;
    const parts = { ...this.#parts, signal, isLastTry: failures + 1 >= COPY_TRIES_MAX };
    if (step.kind === 'snapshot') return writeSnapshot(cluster, step.snapshot, parts);
    if (step.kind === 'restore') return restoreSnapshot(cluster, step.snapshot, parts);
    await this.#change(cluster, step);
    if (step.kind !== 'restart-node') return undefined;
    return (record) => restarted(record, step.node, this.#parts.version);
  }

  async #change(
    cluster: ClusterRecord,
    step: Exclude<Step, { kind: 'snapshot' | 'restore' }>,
  ): Promise<void> {
    const { runtime } = this.#parts;
    const { id } = cluster;
    switch (step.kind) {
      case 'start':
        return runtime.start(this.#specOf(cluster));
      case 'start-proxy':
        return runtime.startProxy(id, this.#wanted(cluster).proxy!);
      case 'set-proxy':
        return runtime.setProxy(id, this.#wanted(cluster).proxy!);
      case 'set-users':
        return runtime.setUsers(id, this.#wanted(cluster).users ?? '');
      case 'add-node':
        return runtime.addNode(id, this.#wanted(cluster).shapeOf(step.node));
      case 'remove-node':
        return runtime.removeNode(id, step.node);
      case 'resize-node':
        return runtime.resizeNode(
          id,
          step.node,
          this.#wanted(cluster).shapeOf(step.node).memoryMib,
        );
      case 'restart-node':
        return runtime.restartNode(id, step.node, this.#wanted(cluster).shapeOf(step.node));
      case 'stop':
        return runtime.stop(id);
      case 'forget':
        return runtime.forget(id);
    }
  }

  /** The record may have changed since it was read: the change is made to the one of now. */
  #save(id: string, change: (record: ClusterRecord) => Settled): ClusterRecord | undefined {
    const { state } = this.#parts;
    return state.transaction(() => {
      const kind = clusterKind(id);
      const record = state.get(kind, id);
      if (record === undefined) return undefined;
      const { cluster, events } = change(record);
      if (JSON.stringify(cluster) !== JSON.stringify(record)) state.put(kind, id, cluster);
      followNodes(cluster, state);
      this.#tell(id, events);
      return cluster;
    });
  }

  /** A process that starts has the parameters of the group of now, and the record says so. */
  #begun(cluster: ClusterRecord, step: Step): ClusterRecord {
    const isFor = (id: string, known: ParameterValues | undefined): boolean =>
      step.kind === 'start' || (step.kind === 'add-node' && step.node === id && !known);
    const begun = this.#save(cluster.id, (record) => {
      const { version } = this.#parts;
      const parameters = groupValuesOf(record, this.#parts.state);
      const nodes = record.nodes.map((node) =>
        isFor(node.id, node.parameters) ? { ...node, parameters, version } : node,
      );
      return { cluster: { ...record, nodes }, events: [] };
    });
    return begun ?? cluster;
  }

  #wanted(cluster: ClusterRecord): Wanted {
    return wantedOf(cluster, this.#parts.state);
  }

  #specOf(cluster: ClusterRecord): ClusterSpec {
    const { id, replicas, port, nodes } = cluster;
    const { length } = staying({ nodes });
    const { users, shapeOf } = this.#wanted(cluster);
    const shape = shapeOf(staying(cluster)[0]!.id);
    return { id, replicas, port, users, nodes: length, ...shape };
  }

  #failed(id: string, { message }: CodedError): void {
    this.#parts.log.error({ cluster: id }, `${id}: ${message} The step is tried again.`);
    try {
      this.#save(id, (record) => {
        if (record.failure === message) return { cluster: record, events: [] };
        const events = [`A step of the cache cluster failed, and is tried again: ${message}`];
        return { cluster: { ...record, failure: message }, events };
      });
    } catch (error) {
      // The disk of the state may be the one that is full; then only the log has the failure.
      if (failureOf(error) === undefined) throw error;
    }
  }

  #tell(sourceId: string, messages: readonly string[]): void {
    const { state, nowMs } = this.#parts;
    for (const message of messages) {
      state.addEvent({ ...eventOf(sourceId, message), atMs: nowMs() });
    }
  }
}

const textOf = (step: Step): string => ('node' in step ? `${step.kind} ${step.node}` : step.kind);
