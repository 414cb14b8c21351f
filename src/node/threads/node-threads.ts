import { MessageChannel } from 'node:worker_threads';
import { CodedError, type Logger } from '../../base/index.ts';
import { type ListenAddress, THREADS_SHARE_PORT } from '../../server/index.ts';
import { GUEST_PLACES, type GuestPlace, type JobRun, planRuns } from '../jobs.ts';
import type { NodeShare } from '../memory.ts';
import { withinTime } from '../within-time.ts';
import { Channel } from './channel.ts';
import { Pings } from './pings.ts';
import { ThreadPool } from './pool.ts';
import type { MainProcedures, ServeJob, WorkerProcedures } from './procedures.ts';

/** How long the start waits for the reason why a thread has ended. */
const REASON_MS_MAX = 2000;

type WorkerChannel = Channel<WorkerProcedures, MainProcedures>;
type ServeStart = Pick<ServeJob, 'users' | 'certificates' | 'cluster'>;

/**
 * Runs the default export of a module, a `GuestWork`, on a thread of the node; one at a time in
 * each place. Rejects with the CodedError that the work threw. Any other error ends the node.
 */
export type RunGuest = <Result>(
  module: URL,
  argument: unknown,
  place?: GuestPlace,
) => Promise<Result>;

/** The threads of a node's pool, and the channels to those that serve connections. */
export class NodeThreads {
  readonly #share: NodeShare;
  readonly #log: Logger;
  readonly #procedures: MainProcedures;
  readonly #runs: readonly JobRun[];
  readonly #pool: ThreadPool;
  readonly #channels: WorkerChannel[] = [];
  readonly #pings = new Pings((nth) => this.#channels[nth]!.call('ping', undefined));

  constructor(share: NodeShare, log: Logger, procedures: Omit<MainProcedures, 'log'>) {
    this.#share = share;
    this.#log = log;
    this.#procedures = {
      ...procedures,
      log: (lines) => {
        for (const { level, facts, text } of lines) log[level](facts, text);
      },
    };
    this.#runs = planRuns(share.options);
    this.#pool = new ThreadPool(this.#runs.filter(({ job }) => job !== 'guest').length);
  }

  get ended(): Promise<void> {
    return this.#pool.ended;
  }

  /**
   * Starts all jobs. The first thread lets the kernel choose ports; the others share them.
   */
  async start(
    requested: readonly ListenAddress[],
    start: ServeStart,
  ): Promise<readonly ListenAddress[]> {
    const [first, ...others] = this.#runs.filter(({ job }) => job === 'serve');
    const addresses = await this.#serve(first!, requested, start);
    const shared = THREADS_SHARE_PORT && addresses.every(({ kind }) => kind === 'tcp');
    if (!shared && others.length > 0) {
      this.#log.warn({}, 'this listener cannot be shared: one thread serves all connections');
    }
    if (shared) await Promise.all(others.map((run) => this.#serve(run, addresses, start)));
    for (const run of this.#runs) {
      if (run.job === 'maintain') {
        void this.#pool.run(run, { share: this.#share, thread: run.thread }).catch(() => {});
      }
    }
    return addresses;
  }

  /** Sends a request to every worker thread; resolves once each has answered it, or has ended. */
  async broadcast<N extends keyof WorkerProcedures>(
    name: N,
    argument: Parameters<WorkerProcedures[N]>[0],
  ): Promise<void> {
    await Promise.allSettled(this.#channels.map((channel) => channel.call(name, argument)));
  }

  /**
   * Sends a request to every worker thread; resolves with their answers, or rejects with the first
   * error.
   */
  ask<N extends keyof WorkerProcedures>(
    name: N,
    argument: Parameters<WorkerProcedures[N]>[0],
  ): Promise<readonly Awaited<ReturnType<WorkerProcedures[N]>>[]> {
    return Promise.all(this.#channels.map((channel) => channel.call(name, argument)));
  }

  /**
   * Resolves with the numbers of the worker threads that have not answered within `msMax`. A thread
   * has at most one such question to answer, however often it is asked.
   * @throws {CodedError} `ERR_CHANNEL_CLOSED` if a thread has ended.
   */
  silentThreads(msMax: number): Promise<readonly number[]> {
    return this.#pings.silent(this.#channels.length, msMax);
  }

  /** Runs the work of another room on a thread of its own. */
  readonly runGuest: RunGuest = async (module, argument, place = 'snapshots') => {
    const runs = this.#runs.filter(({ job }) => job === 'guest');
    const { thread } = runs[GUEST_PLACES.indexOf(place)]!;
    const job = { share: this.#share, thread, module: module.href, argument };
    const result = await this.#pool.runGuest(job, place);
    if (result.kind === 'failed') throw new CodedError(result.code, result.message);
    return result.value as never;
  };

  /** Ends a node that has not started, in a bounded time. */
  async abandon(): Promise<void> {
    await this.#pool.abandon();
    for (const channel of this.#channels) channel.close();
  }

  /**
   * Waits until all jobs have ended, then for `last`, which may run a guest. The node must have the
   * order to stop.
   */
  async finish(last: () => Promise<void>): Promise<void> {
    await this.#pool.finish(last);
    for (const channel of this.#channels) channel.close();
  }

  /** Runs one worker thread; resolves once it listens, or rejects if it cannot. */
  #serve(
    run: JobRun,
    listenOn: readonly ListenAddress[],
    start: ServeStart,
  ): Promise<readonly ListenAddress[]> {
    const { port1, port2 } = new MessageChannel();
    const job: ServeJob = { share: this.#share, thread: run.thread, port: port2, ...start };
    const ended = this.#pool.run(run, job, [port2]);
    const channel: WorkerChannel = new Channel(port1, this.#procedures);
    this.#channels.push(channel);
    return Promise.race([this.#listening(channel, listenOn, ended), ended.then(() => [])]);
  }

  /** The channel of a thread that dies closes, maybe before the job fails with the reason. */
  async #listening(
    channel: WorkerChannel,
    listenOn: readonly ListenAddress[],
    ended: Promise<void>,
  ): Promise<readonly ListenAddress[]> {
    try {
      return await channel.call('listen', listenOn);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'ERR_CHANNEL_CLOSED') throw error;
      await withinTime(Promise.race([ended, this.ended]), REASON_MS_MAX);
      throw new CodedError('ERR_THREAD', 'A thread of the node ended before it listened.');
    }
  }
}
