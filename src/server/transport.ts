import { writeSync } from 'node:fs';
import { type NetConnectOpts, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What one read takes at the most: the size of the buffer that a thread's connections share. */
export const READ_BUFFER_BYTES = 64 * 1024;

/** What a connection hears of its socket. */
export interface TransportEvents {
  /** Bytes arrived: `bytes[0, length)`, valid only during the call. False pauses reading. */
  readonly data: (bytes: Buffer, length: number) => boolean;
  /** The client will send no more. */
  readonly end: () => void;
  /** The client took what was written. */
  readonly drain: () => void;
  /** The socket is gone; `error` says why if it was not closed in peace. */
  readonly close: (error: Error | undefined) => void;
}

/** The narrow door to a byte stream: node:net behind it today, node:tls or something leaner later. */
export interface Transport {
  /** Writes `bytes[0, length)`, which must stay untouched until `isFlushed`. */
  write(bytes: Buffer, length: number): void;
  /** Whether the kernel has taken all that was written. */
  isFlushed(): boolean;
  pause(): void;
  resume(): void;
  /** Sends what is written, then FIN. */
  end(): void;
  destroy(): void;
}

/** A socket accepted but not read from, as `listen` hands it over with `pauseOnConnect`. */
interface WithHandle {
  /** Gone once the socket is closed, so its descriptor cannot be another's by then. */
  _handle: { readonly fd?: number } | null;
}
const NO_FD = -1;

type OnRead = NonNullable<NetConnectOpts['onread']>;

/**
 * Reads into one buffer that all connections of a thread share. node:net offers that (`onread`)
 * only to the side that connects, and otherwise allocates 64 KiB for each read; so the accepted
 * handle moves to a socket that was made with it.
 */
export function adoptSocket(
  accepted: Socket,
  readBuffer: Buffer,
  events: TransportEvents,
): Transport {
  const handle = (accepted as unknown as WithHandle)._handle;
  (accepted as unknown as WithHandle)._handle = null;
  const onread: OnRead = {
    buffer: readBuffer,
    callback: (length) => events.data(readBuffer, length),
  };
  const socket = new Socket({
    handle,
    onread,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    // One byte waiting is "full": `drain` then tells of every write that had to wait.
    writableHighWaterMark: 1,
  } as unknown as ConstructorParameters<typeof Socket>[0]);
  let failure: Error | undefined;
  socket.setNoDelay(true);
  socket.on('end', events.end);
  socket.on('drain', events.drain);
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.close(failure));
  socket.resume();
  return new SocketTransport(socket);
}

/** What both kinds of stream do alike. */
class StreamTransport {
  protected readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  isFlushed(): boolean {
    return this.socket.writableLength === 0;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A TLS connection after its handshake. What is written is sealed, and copied, at once. */
export function adoptSecureSocket(socket: TLSSocket, events: TransportEvents): Transport {
  let failure: Error | undefined;
  socket.on('data', (bytes: Buffer) => {
    events.data(bytes, bytes.length);
  });
  socket.on('end', events.end);
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.close(failure));
  return new SecureTransport(socket, events);
}

class SecureTransport extends StreamTransport implements Transport {
  readonly #events: TransportEvents;

  constructor(socket: TLSSocket, events: TransportEvents) {
    super(socket);
    this.#events = events;
  }

  write(bytes: Buffer, length: number): void {
    // `drain` would tell only of more than the stream's own mark.
    this.socket.write(bytes.subarray(0, length), () => {
      if (this.isFlushed()) this.#events.drain();
    });
  }
}

class SocketTransport extends StreamTransport implements Transport {
  /**
   * Straight to the kernel while nothing waits, which costs less than a stream's write. What the
   * kernel does not take goes the stream's way, which waits for it.
   */
  write(bytes: Buffer, length: number): void {
    const fd = (this.socket as unknown as WithHandle)._handle?.fd ?? NO_FD;
    let written = 0;
    if (fd !== NO_FD && this.socket.writableLength === 0) {
      try {
        written = writeSync(fd, bytes, 0, length);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          this.socket.destroy(error as Error);
          return;
        }
      }
    }
    if (written < length) this.socket.write(bytes.subarray(written, length));
  }
}
