import { KINDS } from '../../src/commands/latency/request-kinds.ts';
import type { Request } from '../../src/protocol/index.ts';
import { RequestSamples } from '../../src/server/session/request-samples.ts';
import { RequestTiming } from '../../src/server/session/request-timing.ts';
import { RequestWalk } from '../../src/server/session/request-walk.ts';
import { SlowRequests } from '../../src/server/session/slow-requests.ts';
import { PAUSE, type Pause } from '../../src/server/session/states.ts';
import { ManualSession, ManualThread } from './manual-session.ts';

type SlowRequest = ReturnType<Parameters<SlowRequests['add']>[0]>;

/** A request whose reply has left. */
interface Measured {
  readonly name: string;
  readonly ms: number;
  readonly weight: number;
}

/** The samples of a thread, with a clock that the test sets. */
export class TimedThread extends ManualThread {
  ms = 1000;
  readonly seenKeys: string[] = [];
  readonly #measured: Measured[] = [];
  /** The time from which a request is slow; 0 if none is. */
  slowMs = 0;
  readonly slow: SlowRequest[] = [];
  unlisted = 0;
  slowCount = 0;
  closeWindow = (): void => {};
  readonly samples = new RequestSamples(
    {
      clock: { nowMs: () => this.ms },
      walk: new RequestWalk(this.context),
      slow: new SlowRequests(
        {
          store: this.store,
          addressOf: (slot) => `client ${slot}`,
          thresholdMs: () => this.slowMs,
          log: (request) => void this.slow.push(request),
          logUnlisted: (requests) => {
            this.unlisted += requests;
          },
          count: () => {
            this.slowCount++;
          },
        },
        (run) => {
          this.closeWindow = run;
        },
      ),
    },
    [
      {
        seen: (request) => this.seenKeys.push(firstKeyOf(request)),
        answered: (kind, ms, weight) => {
          const { command, dialect } = KINDS[kind]!;
          this.#measured.push({ name: `${command} ${dialect}`, ms, weight });
        },
      },
    ],
  );

  /** What was measured since the last call. */
  take(): readonly Measured[] {
    return this.#measured.splice(0);
  }

  /** The same as texts such as `get classic 3`: name and milliseconds. */
  takeTexts(): readonly string[] {
    return this.take().map(({ name, ms }) => `${name} ${ms}`);
  }
}

/** A client of the thread: its test says when it sends and reads, and how long a turn takes. */
export class TimedSession extends ManualSession {
  readonly #thread: TimedThread;
  readonly #timing: RequestTiming;
  readonly slot = 7;
  #rest = Buffer.alloc(0);

  constructor(thread: TimedThread) {
    super(thread);
    this.#thread = thread;
    this.#timing = new RequestTiming(thread.samples, this);
  }

  /** Bytes arrive, and the first turn of the session takes this time. */
  receive(bytes: Buffer | string, turnMs = 1): Pause {
    this.#timing.begin();
    this.#rest = Buffer.concat([this.#rest, Buffer.from(bytes as string, 'latin1')]);
    return this.turn(turnMs);
  }

  /** One more turn on what is left of the input. */
  turn(turnMs = 1): Pause {
    const input = this.#rest;
    const served = this.advance(input);
    this.#thread.ms += turnMs;
    const pause = served === PAUSE.needInput && !this.isReading ? PAUSE.outputBlocked : served;
    this.#timing.end(input, 0, pause);
    this.#rest = Buffer.from(input.subarray(this.session.at));
    return pause;
  }

  /** The client has read its replies. */
  drain(turnMs = 1): Pause {
    this.isReading = true;
    this.#timing.resume();
    return this.turn(turnMs);
  }
}

function firstKeyOf(request: Request): string {
  const { keySource, firstKey } = request;
  return keySource.toString('latin1', request.keyStart(firstKey), request.keyEnd(firstKey));
}
