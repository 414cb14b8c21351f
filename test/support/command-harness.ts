import { ByteSink } from '../../src/base/index.ts';
import { type Commands, createCommands, PendingValue } from '../../src/commands/index.ts';
import {
  ClassicDecoder,
  ClassicReplies,
  DIALECT,
  MetaReplies,
  Request,
  VERB,
} from '../../src/protocol/index.ts';
import { assemble, type StoreParts } from '../../src/store/assemble.ts';
import { doorsOf } from '../../src/store/doors.ts';
import type { ClassCounterName, Store, ThreadCounterName } from '../../src/store/index.ts';
import { ownControl, type StoreOptions, testShare } from './session-harness.ts';

interface HarnessOptions extends Partial<StoreOptions> {
  readonly flushAllowed?: boolean;
  readonly dumpingAllowed?: boolean;
  /** The streams of events that have watchers. */
  readonly watchedStreams?: number;
}

/** Runs text commands on a small real store, one request line at a time, without a session. */
export class CommandHarness {
  readonly parts: StoreParts;
  readonly store: Store;
  readonly commands: Commands;
  /** The events that watchers would receive. */
  readonly events: string[] = [];
  readonly sink = new ByteSink(4096);
  readonly classic = new ClassicReplies(this.sink);
  readonly meta = new MetaReplies(this.sink, new ByteSink(512));
  readonly #decoder = new ClassicDecoder();
  readonly #request = new Request();

  constructor(options: HarnessOptions = {}) {
    const { flushAllowed = true, dumpingAllowed = true, watchedStreams = 0 } = options;
    this.parts = assemble(testShare(options), 0);
    this.store = doorsOf(this.parts);
    const log = {
      watchedStreams,
      cfd: 7,
      publish: (_stream: number, text: string) => void this.events.push(text),
    };
    const rules = { flushAllowed, dumpingAllowed };
    this.commands = createCommands(this.store, ownControl(), rules, log);
  }

  decode(line: string): Request {
    const input = Buffer.from(`${line}\r\n`, 'latin1');
    this.#decoder.decode(input, 0, input.length, this.#request);
    return this.#request;
  }

  /** The reply to a request line without data. */
  run(line: string): string {
    const request = this.decode(line);
    const { executor, retriever } = this.commands;
    if (request.dialect === DIALECT.meta) executor.answerMeta(request, this.meta);
    else if (request.verb === VERB.get || request.verb === VERB.getAndTouch) {
      retriever.answer(request, this.classic, request.firstKey, request.endKey);
    } else {
      const rest = executor.answer(request, this.classic);
      if (rest !== undefined && 'write' in rest) while (!rest.write(this.sink));
    }
    return this.takeOutput();
  }

  /** The reply to a storage request: the value comes with it, or in `pieces` after it. */
  put(line: string, value: string, pieces = 0): string {
    const request = this.decode(line);
    const reply = request.dialect === DIALECT.meta ? this.meta : this.classic;
    const { writer, wholeWriter } = this.commands;
    const bytes = Buffer.from(value, 'latin1');
    if (pieces === 0) {
      request.input = bytes;
      if (wholeWriter.write(request, 0, reply)) return this.takeOutput();
    }
    const pending = new PendingValue();
    if (!writer.begin(request, pending, reply)) return this.takeOutput();
    const pieceBytes = Math.ceil(bytes.length / Math.max(1, pieces));
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const end = Math.min(bytes.length, at + pieceBytes);
      if (!writer.receive(pending, bytes, at, end, reply)) return this.takeOutput();
    }
    writer.complete(pending, reply);
    return this.takeOutput();
  }

  /** The item of a key, or NO_ITEM; not whether it is live. */
  idOf(key: string): number {
    const bytes = Buffer.from(key, 'latin1');
    const { index } = this.parts;
    return index.find(index.hashOf(bytes, 0, bytes.length), bytes, 0, bytes.length);
  }

  hashOf(key: string): number {
    return this.parts.index.hashOf(Buffer.from(key, 'latin1'), 0, key.length);
  }

  /** Stores `count` keys with a prefix, each with a value of so many bytes; returns the keys. */
  fill(prefix: string, count: number, valueBytes: number): readonly string[] {
    const value = 'v'.repeat(valueBytes);
    const keys = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    for (const key of keys) this.put(`set ${key} 0 0 ${valueBytes}`, value);
    return keys;
  }

  /** Those of the keys that have an item. */
  present(keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.run(`get ${key}`) !== 'END\r\n');
  }

  takeOutput(): string {
    const output = this.sink.bytes.toString('latin1', 0, this.sink.at);
    this.sink.at = 0;
    return output;
  }

  thread(name: ThreadCounterName): number {
    return this.parts.sums.thread(name);
  }

  /** A counter of the size classes, all together. */
  classes(name: ClassCounterName): number {
    return this.parts.sums.class(name);
  }
}
