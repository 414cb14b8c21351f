import type { ByteSink } from '../../base/index.ts';
import {
  type CounterFacts,
  type ItemView,
  type ReplyWriter,
  STATUS,
  type Status,
  type StorageReplyContext,
  type StoredFacts,
} from '../reply.ts';
import type { Request } from '../request.ts';
import { CLASSIC_LINES } from './classic-lines.ts';

const LINE_BY_STATUS: readonly Uint8Array[] = Object.entries(STATUS)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => CLASSIC_LINES[name as keyof typeof STATUS]);

export const VALUE = Buffer.from('VALUE ');
/** VALUE and the end of a line, as the words that write them fastest. */
const [VALU, E_BLANK, CR_LF] = [VALUE.readUInt32BE(0), VALUE.readUInt16BE(4), 0x0d0a];
export const END = Buffer.from('END\r\n');
const BLANK = 0x20;
const ZERO = 0x30;

/** Encodes replies of the classic text protocol. */
export class ClassicReplies implements ReplyWriter {
  readonly sink: ByteSink;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  stored(request: Request, status: Status, _item: StoredFacts): void {
    this.status(request, status);
  }

  capture(request: Request, context: StorageReplyContext): void {
    context.quiet = request.noreply;
  }

  storageReply(context: StorageReplyContext, status: Status, _item: StoredFacts): void {
    if (!context.quiet) this.sink.putConstant(LINE_BY_STATUS[status]!);
  }

  status(request: Request, status: Status): void {
    if (!request.noreply) this.sink.putConstant(LINE_BY_STATUS[status]!);
  }

  hit(request: Request, key: number, item: ItemView): void {
    const { sink } = this;
    const { input } = request;
    const { bytes } = sink;
    const keyEnd = request.keyEnd(key);
    let at = sink.at;
    sink.view.setUint32(at, VALU);
    sink.view.setUint16(at + 4, E_BLANK);
    at += 6;
    for (let i = request.keyStart(key); i < keyEnd; i++) bytes[at++] = input[i]!;
    bytes[at++] = BLANK;
    if (item.clientFlags === 0) {
      bytes[at++] = ZERO;
      sink.at = at;
    } else {
      sink.at = at;
      sink.putDecimal(item.clientFlags);
    }
    sink.putByte(BLANK);
    sink.putDecimal(item.valueBytes);
    if (request.withCas) {
      sink.putByte(BLANK);
      sink.putDecimal64(item.casHigh, item.casLow);
    }
    this.valueEnd();
  }

  miss(_request: Request, _key: number): void {}

  valueEnd(): void {
    const { sink } = this;
    sink.view.setUint16(sink.at, CR_LF);
    sink.at += 2;
  }

  keysEnd(_request: Request): void {
    this.sink.putConstant(END);
  }

  counter(request: Request, { high, low }: CounterFacts): void {
    if (request.noreply) return;
    this.sink.putDecimal64(high, low);
    this.valueEnd();
  }

  errorReply(request: Request): void {
    if (!request.noreply) this.sink.putConstant(request.errorReply);
  }

  version(_request: Request, version: string): void {
    this.sink.putText(`VERSION ${version}\r\n`);
  }

  stat(_request: Request, name: string, value: string): void {
    this.sink.putText(`STAT ${name} ${value}\r\n`);
  }

  statsEnd(): void {
    this.sink.putConstant(END);
  }
}
