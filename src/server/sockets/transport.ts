import { writeSync } from 'node:fs';
import { connect, type NetConnectOpts, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { freeMemory } from './free-memory.ts';

/**
 * The size of the read buffer that the connections of a thread share, and so of the largest read.
 */
export const READ_BUFFER_BYTES = 64 * 1024;

/** The socket events that a connection handles. */
export interface TransportEvents {
  /** `bytes[0, length)` arrived; they are valid only during the call. False pauses reading. */
  readonly data: (bytes: Buffer, length: number) => boolean;
  /** The client will send no more. */
  readonly end: () => void;
  /** The kernel accepted all written bytes after it had blocked. */
  readonly drain: () => void;
  /** The socket closed; `error` is set unless it closed cleanly (FIN). */
  readonly close: (error: Error | undefined) => void;
}

/** What a transport has done with written bytes. */
export const WRITTEN = {
  /** The kernel has accepted all of them. */
  flushed: 0,
  /** The transport keeps a copy of the rest. */
  copied: 1,
  /** The bytes must stay untouched until `isFlushed`. */
  kept: 2,
} as const;
type Written = (typeof WRITTEN)[keyof typeof WRITTEN];

/** The transport copies a smaller rest, so that a slow client does not hold a whole buffer. */
const COPIED_BYTES_MAX = 128 * 1024;

/**
 * A byte stream as a connection uses it: over a TCP or Unix socket (node:net) or over TLS
 * (node:tls).
 */
export interface Transport {
  /** Writes `bytes[0, length)`; says what has become of them. */
  write(bytes: Buffer, length: number): Written;
  /** The memory that the transport needs until it is flushed. */
  readonly heldBytes: number;
  /** Frees the copy of written bytes, once the transport is flushed or has closed. */
  freeCopy(): void;
  /** Whether the kernel has accepted all written bytes. */
  isFlushed(): boolean;
  pause(): void;
  resume(): void;
  /** Sends the written bytes, then FIN. */
  end(): void;
  destroy(): void;
}

/** The undocumented part of a socket (docs/decisions/0004). */
interface WithHandle {
  /** Null once the socket has closed, so the descriptor never belongs to another socket. */
  _handle: { readonly fd?: number } | null;
}
const NO_FD = -1;

type OnRead = NonNullable<NetConnectOpts['onread']>;

/**
 * Makes an accepted socket read into the buffer that all connections of a thread share. node:net
 * offers that (`onread`) only to the side that connects, and otherwise allocates 64 KiB for each
 * read. So the handle of the accepted socket moves to a new socket with `onread`.
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
    // With a mark of 1 byte, every write that has to wait emits `drain` later.
    writableHighWaterMark: 1,
  } as unknown as ConstructorParameters<typeof Socket>[0]);
  socket.setNoDelay(true);
  return started(socket, events);
}

/**
 * Connects, and reads into a buffer that the connections of a thread share. A connection that
 * cannot be made closes with an error.
 */
export function connectSocket(
  to: NetConnectOpts,
  readBuffer: Buffer,
  events: TransportEvents,
): Transport {
  const callback = (length: number): boolean => events.data(readBuffer, length);
  // With a mark of 1 byte, every write that has to wait emits `drain` later.
  const options = { writableHighWaterMark: 1, onread: { buffer: readBuffer, callback } };
  return started(connect({ ...to, ...options }), events);
}

function started(socket: Socket, events: TransportEvents): Transport {
  let failure: Error | undefined;
  socket.on('end', events.end);
  socket.on('drain', events.drain);
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.close(failure));
  socket.resume();
  return new SocketTransport(socket);
}

/** The common part of both transports. */
class StreamTransport {
  protected readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  isFlushed(): boolean {
    return this.socket.writableLength === 0;
  }

  get heldBytes(): number {
    return this.socket.writableLength;
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

/** A TLS connection after its handshake. TLS encrypts, and so copies, written bytes at once. */
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

  write(bytes: Buffer, length: number): Written {
    // The stream emits `drain` only beyond its own high-water mark, so the callback replaces it.
    this.socket.write(bytes.subarray(0, length), () => {
      if (this.isFlushed()) this.#events.drain();
    });
    return this.isFlushed() ? WRITTEN.flushed : WRITTEN.copied;
  }

  /** While the connection pauses, node:tls goes on reading up to its high-water mark. */
  override get heldBytes(): number {
    return super.heldBytes + this.socket.readableHighWaterMark;
  }

  freeCopy(): void {}
}

class SocketTransport extends StreamTransport implements Transport {
  #copy: Buffer | undefined;

  freeCopy(): void {
    if (this.#copy !== undefined) freeMemory(this.#copy);
    this.#copy = undefined;
  }

  /**
   * Writes directly to the kernel while no bytes wait, which costs less than a stream's write. The
   * stream writes, and waits with, the bytes that the kernel does not accept.
   */
  write(bytes: Buffer, length: number): Written {
    const fd = (this.socket as unknown as WithHandle)._handle?.fd ?? NO_FD;
    let written = 0;
    if (fd !== NO_FD && this.socket.writableLength === 0) {
      try {
        written = writeSync(fd, bytes, 0, length);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          this.socket.destroy(error as Error);
          return WRITTEN.flushed;
        }
      }
    }
    if (written === length) return WRITTEN.flushed;
    const rest = bytes.subarray(written, length);
    if (rest.length > COPIED_BYTES_MAX) {
      this.socket.write(rest);
      return this.isFlushed() ? WRITTEN.flushed : WRITTEN.kept;
    }
    this.#copy = Buffer.allocUnsafeSlow(rest.length);
    rest.copy(this.#copy);
    this.socket.write(this.#copy);
    return this.isFlushed() ? WRITTEN.flushed : WRITTEN.copied;
  }
}
