import { ByteSink } from '../../src/base/index.ts';
import { createSessionContext, type SessionContext } from '../../src/server/session/context.ts';
import { Session } from '../../src/server/session/session.ts';
import type { Pause } from '../../src/server/session/states.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { ownControl, type TEST_CONTROL, testShare, threadParts } from './session-harness.ts';

const RULES = {
  flushAllowed: true,
  dumpingAllowed: true,
  watchingAllowed: false,
  requestsPerTurn: 1_000_000,
};
const SILENT_LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };

/** One thread whose sessions share a context, as those of a worker thread do. */
export class ManualThread {
  readonly store: Store;
  readonly sink: ByteSink;
  readonly context: SessionContext;
  decodeCount = 0;

  constructor(
    control: Partial<typeof TEST_CONTROL> = {},
    rules: Partial<Parameters<typeof createSessionContext>[2]> = {},
  ) {
    const share = testShare();
    const own = threadParts(share, 0);
    this.store = openStore(share, 0);
    this.sink = new ByteSink(own?.outputBuffers[0] ?? 256 * 1024);
    this.context = createSessionContext(
      this.store,
      { ...ownControl(), ...control },
      { ...RULES, ...rules },
      this.sink,
      SILENT_LOG,
      own?.fastPath,
    );
    for (const decoder of [this.context.text, this.context.binary]) {
      const decode = decoder.decode.bind(decoder);
      decoder.decode = (...bounds) => {
        this.decodeCount++;
        return decode(...bounds);
      };
    }
  }
}

/** A session whose test decides when its client reads, and when the session continues. */
export class ManualSession {
  readonly session: Session;
  readonly #thread: ManualThread;
  /** Whether the client reads its replies. */
  isReading = true;
  wakeCount = 0;
  logins: string[] = [];
  /** The bytes of replies that it has written. */
  sentBytes = 0;
  #reply = '';

  constructor(thread: ManualThread) {
    this.#thread = thread;
    this.session = new Session(thread.context, {
      protocol: 'auto',
      id: 0,
      flush: () => this.#flush(),
      wake: () => {
        this.wakeCount++;
      },
      replied: () => {},
      watch: () => false,
      loginChecked: (user, accepted) => void this.logins.push(`${user} ${accepted}`),
    });
  }

  /** Runs one turn on `input[start, …)`; returns why it ended. */
  advance(input: Buffer | string, start = 0): Pause {
    const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
    const pause = this.session.advance(bytes, start, bytes.length);
    this.#flush();
    return pause;
  }

  /** Takes the replies since the last call. */
  takeReply(): string {
    const reply = this.#reply;
    this.#reply = '';
    return reply;
  }

  /** Replies that the client does not read count as sent, but the session has to wait. */
  #flush(): boolean {
    const { sink } = this.#thread;
    this.#reply += sink.bytes.toString('latin1', 0, sink.at);
    this.sentBytes += sink.at;
    sink.at = 0;
    return this.isReading;
  }
}
