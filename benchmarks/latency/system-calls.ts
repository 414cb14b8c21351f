/** Latencies as the system calls of a node show them, in the log of strace. */

/** A log line: `<tid> <seconds> read(21, ""..., 65536) = 35 <0.000010>`. */
const CALL = /^(\d+) (\d+\.\d+) (read|write)\((\d+), .*?, (\d+)\) += (-?\d+).*<(\d+\.\d+)>$/;
/** Another thread's call came between: `read(21,  <unfinished ...>`. */
const BEGUN = /^(\d+) (\d+\.\d+) (read|write)\((\d+)(.*)<unfinished \.\.\.>$/;
const RESUMED = /^(\d+) \d+\.\d+ <\.\.\. (read|write) resumed>(.*)$/;

interface Call {
  readonly kind: 'read' | 'write';
  readonly thread: string;
  readonly fd: string;
  /** The size of the buffer. */
  readonly bytes: number;
  readonly result: number;
  /** When it returned, in seconds. */
  readonly end: number;
}

/**
 * The seconds from each read of a socket to the end of the last write before the next read of the
 * same socket. Only reads into a buffer of `readBytes` count: others are no sockets of clients.
 */
export function latenciesOf(log: string, readBytes: number): readonly number[] {
  const latencies: number[] = [];
  const waiting = new Map<string, { readonly since: number; end: number | undefined }>();
  const finish = (socket: string): void => {
    const request = waiting.get(socket);
    if (request?.end !== undefined) latencies.push(request.end - request.since);
    waiting.delete(socket);
  };
  for (const { kind, thread, fd, bytes, result, end } of callsIn(log)) {
    const socket = `${thread} ${fd}`;
    if (kind === 'read') {
      if (bytes !== readBytes) continue;
      finish(socket);
      if (result > 0) waiting.set(socket, { since: end, end: undefined });
    } else {
      const request = waiting.get(socket);
      if (request !== undefined && result > 0) request.end = end;
    }
  }
  for (const socket of [...waiting.keys()]) finish(socket);
  return latencies;
}

function* callsIn(log: string): Generator<Call> {
  /** The line of the call that each thread has begun, without its end. */
  const begun = new Map<string, string>();
  for (const line of log.split('\n')) {
    const start = BEGUN.exec(line);
    if (start !== null) {
      const [, thread = '', seconds, kind, fd, rest] = start;
      begun.set(thread, `${thread} ${seconds} ${kind}(${fd}${rest}`);
      continue;
    }
    const end = RESUMED.exec(line);
    const whole = end === null ? line : `${begun.get(end[1]!) ?? ''}${end[3]}`;
    const call = CALL.exec(whole);
    if (call !== null) yield callOf(call);
  }
}

function callOf([, thread = '', at, kind, fd = '', bytes, result, seconds]: RegExpExecArray): Call {
  return {
    kind: kind as Call['kind'],
    thread,
    fd,
    bytes: Number(bytes),
    result: Number(result),
    end: Number(at) + Number(seconds),
  };
}

/** The value that this share (0 … 1) of the values does not exceed. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
