import { connect, type Socket } from 'node:net';

/** A reply of the text protocol: its line, or the value of a get; undefined while incomplete. */
type Parse = (text: string) => readonly [reply: string, end: number] | undefined;

export const line: Parse = (text) => {
  const end = text.indexOf('\r\n');
  return end < 0 ? undefined : [text.slice(0, end), end + 2];
};

/** The value of a get; '' for a miss; an error as its line. */
export const value: Parse = (text) => {
  const head = line(text);
  if (head === undefined) return undefined;
  if (head[0] === 'END') return ['', head[1]];
  if (!head[0].startsWith('VALUE ')) return head;
  const end = head[1] + Number(head[0].split(' ')[3]);
  return text.length < end + 7 ? undefined : [text.slice(head[1], end), end + 7];
};

interface Waiting {
  readonly parse: Parse;
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

/** A port of 127.0.0.1, or an address. */
export type NodeAt = number | { readonly host: string; readonly port: number };

/** A connection of a client that knows nothing of clusters. */
export class TextConnection {
  readonly #socket: Socket;
  #text = '';
  #waiting: Waiting[] = [];
  isClosed = false;

  constructor(at: NodeAt) {
    const { host, port } = typeof at === 'number' ? { host: '127.0.0.1', port: at } : at;
    this.#socket = connect({ port, host, noDelay: true });
    this.#socket.on('data', (bytes) => this.#read(bytes.toString('latin1')));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the node has closed the connection')));
  }

  send(request: string, parse: Parse): Promise<string> {
    if (this.isClosed) return Promise.reject(new Error('the connection is closed'));
    this.#socket.write(request);
    return new Promise((resolve, reject) => this.#waiting.push({ parse, resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const [first] = this.#waiting;
      const parsed = first?.parse(this.#text);
      if (first === undefined || parsed === undefined) return;
      this.#text = this.#text.slice(parsed[1]);
      this.#waiting.shift();
      first.resolve(parsed[0]);
    }
  }

  #fail(error: Error): void {
    this.isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Whether a node replies to gets of many keys without an error. */
export async function answersAll(at: NodeAt): Promise<boolean> {
  const connection = new TextConnection(at);
  const keys = Array.from({ length: 100 }, (_, nth) => `none-${nth}`);
  const replies = keys.map((key) => connection.send(`get ${key}\r\n`, value));
  const isReady = await Promise.all(replies).then(
    (all) => all.every((reply) => reply === ''),
    () => false,
  );
  connection.close();
  return isReady;
}
