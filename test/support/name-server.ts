import { createSocket, type Socket } from 'node:dgram';
import type { SrvRecord } from 'node:dns';
import { once } from 'node:events';

const HEADER_BYTES = 12;
/** The flags of a response with recursion desired and available. */
const RESPONSE_FLAGS = 0x8180;
const SRV = 33;
const INTERNET = 1;
/** A pointer to the name in the question, which begins after the header. */
const NAME_POINTER = 0xc000 | HEADER_BYTES;

/** A DNS server on 127.0.0.1 that returns the same SRV records for every name (RFC 1035, 2782). */
export class NameServer {
  readonly address: string;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.address = `127.0.0.1:${socket.address().port}`;
  }

  static async start(records: readonly SrvRecord[]): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.on('message', (query, { port, address }) => {
      socket.send(reply(query, records), port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

function reply(query: Buffer, records: readonly SrvRecord[]): Buffer {
  // The labels of the name end with an empty label; the type and the class follow.
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 1 + 4;
  const id = query.readUInt16BE(0);
  const header = words(id, RESPONSE_FLAGS, 1, records.length, 0, 0);
  const resourceRecords = records.map(({ name, port, priority, weight }) => {
    const target = labels(name);
    const fixedPart = words(NAME_POINTER, SRV, INTERNET, 0, 0, 6 + target.length);
    return Buffer.concat([fixedPart, words(priority, weight, port), target]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), ...resourceRecords]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, 2 * at);
  return bytes;
}

function labels(name: string): Buffer {
  const parts = name.split('.').map((label) => {
    return Buffer.concat([Buffer.of(label.length), Buffer.from(label)]);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}
