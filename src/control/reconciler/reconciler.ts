import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, type Logger } from '../../base/index.ts';
import { staying } from '../model/node-count.ts';
import { memoryMibOf, nodeOptions } from '../model/node-options.ts';
import { nodeType } from '../model/node-types.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { ClusterSpec, Runtime } from '../runtime/runtime.ts';
import type { StateFile } from '../state/state-file.ts';
import { nextStep, rebooted, type Settled, type Step, settle } from './steps.ts';

/** How often each cluster is looked at, although nobody has changed it. */
const LOOK_MS = 2000;
/** After a failure the next try is later and later, up to this. */
const RETRY_MS_MAX = 30_000;
const RETRY_MS = 500;

interface ReconcilerParts {
  readonly state: StateFile;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/** What one cluster is in. */
interface Work {
  isRunning: boolean;
  /** Somebody has changed the cluster since the last look. */
  isChanged: boolean;
  failures: number;
  /** The step that was made last, as JSON. */
  last: string;
}

/**
 * Makes clusters as they are wanted, one step after the other. Each step follows from the record
 * and from what runs, so a process that dies leaves nothing that the next one would not find.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #work = new Map<string, Work>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  start(): void {
    const look = (): void => {
      for (const { id } of this.#parts.state.list('cluster')) this.changed(id);
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
        if (!(error instanceof CodedError)) throw error;
        this.#failed(id, error);
        const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** work.failures++);
        await pause(delayMs, undefined, { signal }).catch(() => {});
        work.isChanged = true;
      }
    }
    if (this.#parts.state.get('cluster', id) === undefined) this.#work.delete(id);
  }

  /** Whether there was something to do. */
  async #step(id: string, work: Work): Promise<boolean> {
    const { state, runtime } = this.#parts;
    const observed = await runtime.observe(id);
    const wanted = (record: ClusterRecord): number => this.#specOf(record).memoryMib;
    const cluster = this.#save(id, (record) => settle(record, observed, wanted(record)));
    const step = cluster && nextStep(cluster, observed, wanted(cluster));
    const text = JSON.stringify(step ?? '');
    const isRepeated = step !== undefined && text === work.last;
    work.last = text;
    if (isRepeated) throw new CodedError('ERR_RUNTIME', `${textOf(step)} had no effect.`);
    if (cluster === undefined || step === undefined) return false;
    this.#parts.log.info({ cluster: id, step }, `${id}: ${textOf(step)}`);
    await this.#run(cluster, step);
    if (step.kind === 'start') this.#started(id);
    if (step.kind === 'reboot-node') this.#save(id, (record) => rebooted(record, step.node));
    if (step.kind !== 'forget') return true;
    state.transaction(() => {
      state.remove('cluster', id);
      this.#tell(id, ['Cache cluster deleted']);
    });
    return false;
  }

  async #run(cluster: ClusterRecord, step: Step): Promise<void> {
    const { runtime } = this.#parts;
    const { id } = cluster;
    const spec = this.#specOf(cluster);
    switch (step.kind) {
      case 'start':
        return runtime.start(spec);
      case 'add-node':
        return runtime.addNode(id, spec.memoryMib);
      case 'remove-node':
        return runtime.removeNode(id, step.node);
      case 'resize-node':
      case 'reboot-node':
        return runtime.restartNode(id, step.node, spec.memoryMib);
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
      const record = state.get('cluster', id);
      if (record === undefined) return undefined;
      const { cluster, events } = change(record);
      if (JSON.stringify(cluster) !== JSON.stringify(record)) state.put('cluster', id, cluster);
      this.#tell(id, events);
      return cluster;
    });
  }

  /** The nodes have the parameters of their group as they are now. */
  #started(id: string): void {
    this.#save(id, (record) => {
      const { values = {} } = this.#parts.state.get('parametergroup', record.parameterGroup) ?? {};
      return { cluster: { ...record, parameters: values }, events: [] };
    });
  }

  #specOf({
    id,
    replicas,
    port,
    nodeType: name,
    parameterGroup,
    nodes,
  }: ClusterRecord): ClusterSpec {
    const type = nodeType(name);
    if (type === undefined) {
      throw new CodedError('ERR_NODE_TYPE', `There is no node type ${name} any more.`);
    }
    const { values = {} } = this.#parts.state.get('parametergroup', parameterGroup) ?? {};
    return {
      ...{ id, replicas, port },
      nodes: staying({ nodes }).length,
      memoryMib: memoryMibOf(type, values),
      threads: type.threads,
      options: nodeOptions(values),
    };
  }

  #failed(id: string, error: CodedError): void {
    const { log, state } = this.#parts;
    log.error({ cluster: id }, `${id}: ${error.message} The step is tried again.`);
    const record = state.get('cluster', id);
    if (record === undefined || record.failure === error.message) return;
    this.#save(id, (now) => ({
      cluster: { ...now, failure: error.message },
      events: [`A step of the cache cluster failed, and is tried again: ${error.message}`],
    }));
  }

  #tell(sourceId: string, messages: readonly string[]): void {
    const { state, nowMs } = this.#parts;
    for (const message of messages) {
      state.addEvent({ sourceType: 'cache-cluster', sourceId, message, atMs: nowMs() });
    }
  }
}

const textOf = (step: Step): string => ('node' in step ? `${step.kind} ${step.node}` : step.kind);
