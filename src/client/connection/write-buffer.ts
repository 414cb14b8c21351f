import { ByteSink } from '../../base/index.ts';
import type { ClientSocket } from './socket.ts';

const SINK_BYTES = 16 * 1024;
/** The client hands the socket at most this many bytes in one write. */
export const WRITE_BYTES_MAX = 256 * 1024;

/** The bytes of the next write to a socket. */
export class WriteBuffer {
  sink = new ByteSink(SINK_BYTES);

  /** Writes the bytes of the sink, which is empty afterwards. */
  writeTo(socket: ClientSocket): void {
    const { sink } = this;
    socket.write(sink.bytes.subarray(0, sink.at));
    // The buffer is free for reuse only if the kernel took all of it; queued bytes keep theirs.
    const isFree = socket.writableLength === 0 && sink.bytes.length <= WRITE_BYTES_MAX;
    if (!isFree) this.sink = new ByteSink(SINK_BYTES);
    this.sink.at = 0;
  }
}
