import { createSocket, type Socket } from 'node:dgram';
import type { SrvRecord } from 'node:dns';
import { once } from 'node:events';

const HEADER_BYTES = 12;
/** A response, and the asker's wish for recursion was granted. */
const ANSWER = 0x8180;
const SRV = 33;
const INTERNET = 1;
/** The name in the question, which begins behind the header. */
const SAME_NAME = 0xc000 | HEADER_BYTES;

/** A DNS server on the loopback that knows the SRV records of one name, whatever name is asked for (RFC 1035, 2782). */
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
  // The name's labels end with an empty one; type and class follow.
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 1 + 4;
  const id = query.readUInt16BE(0);
  const header = words(id, ANSWER, 1, records.length, 0, 0);
  const answers = records.map(({ name, port, priority, weight }) => {
    const target = labels(name);
    const about = words(SAME_NAME, SRV, INTERNET, 0, 0, 6 + target.length);
    return Buffer.concat([about, words(priority, weight, port), target]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), ...answers]);
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
