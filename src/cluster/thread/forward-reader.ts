import { permits } from '../../commands/index.ts';
import { BinaryDecoder, ClassicDecoder, DIALECT, Request } from '../../protocol/index.ts';
import type { ClusterSeat } from '../../server/index.ts';
import type { ForwardedRequest } from './execution.ts';

const CRLF = Buffer.from('\r\n');
const END_LINE = Buffer.from('END\r\n');

/** Decodes forwarded requests once more, if they need another way. */
export class ForwardReader {
  readonly #text = new ClassicDecoder();
  readonly #binary = new BinaryDecoder();
  readonly #request = new Request();

  /** Whether the request changes nothing, so that it can be sent twice. */
  isReading(forward: ForwardedRequest): boolean {
    return permits('readonly', this.#decode(forward));
  }

  /** Where all keys of the request are; undefined if they are in several places. */
  locate(forward: ForwardedRequest, seat: Pick<ClusterSeat, 'locate'>): number | undefined {
    const request = this.#decode(forward);
    const { firstKey, endKey } = request;
    const placeOf = (key: number): number =>
      seat.locate(request.keySource, request.keyStart(key), request.keyEnd(key));
    const place = placeOf(firstKey);
    for (let key = firstKey + 1; key < endKey; key++) if (placeOf(key) !== place) return undefined;
    return place;
  }

  /** The requests for the single keys of a get of several, which is classic text. */
  split(forward: ForwardedRequest): readonly Buffer[] {
    const request = this.#decode(forward);
    const { keySource, firstKey, endKey } = request;
    const head = keySource.subarray(0, request.keyStart(firstKey));
    return Array.from({ length: endKey - firstKey }, (_, nth) => {
      const [start, end] = [request.keyStart(firstKey + nth), request.keyEnd(firstKey + nth)];
      return Buffer.concat([head, keySource.subarray(start, end), CRLF]);
    });
  }

  #decode({ dialect, bytes }: ForwardedRequest): Request {
    const decoder = dialect === DIALECT.binary ? this.#binary : this.#text;
    decoder.decode(bytes, 0, bytes.length, this.#request);
    return this.#request;
  }
}

/** Joins the replies to the parts of a get of several keys; an error among them is the reply. */
export function joinReplies(replies: readonly Buffer[]): Buffer {
  const error = replies.find((reply) => !reply.subarray(-END_LINE.length).equals(END_LINE));
  if (error !== undefined) return error;
  const values = replies.map((reply) => reply.subarray(0, reply.length - END_LINE.length));
  return Buffer.concat([...values, END_LINE]);
}
