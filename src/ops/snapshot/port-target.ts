import type { MessagePort } from 'node:worker_threads';
import type { PortFlow } from './port-flow.ts';

/** How often a job that waits for bytes looks whether the node stops. */
const LOOK_MS = 100;

/** The bytes of a snapshot as chunks on a port, then `undefined`. */
export class PortTarget {
  bytes = 0;
  readonly #port: MessagePort;
  readonly #flow: PortFlow;
  readonly #check: () => void;

  constructor(port: MessagePort, flow: PortFlow, check: () => void) {
    this.#port = port;
    this.#flow = flow;
    this.#check = check;
  }

  write(bytes: Buffer): void {
    this.#flow.waitForRoom(this.#check);
    this.#flow.countIn();
    const chunk = new Uint8Array(bytes);
    this.#port.postMessage(chunk, [chunk.buffer]);
    this.bytes += bytes.length;
  }

  commit(): void {
    this.#port.postMessage(undefined);
    this.#port.close();
  }

  abandon(): void {
    this.#port.close();
  }
}

/** Takes the chunks of a port up to `undefined`; rejects with what `take` or `check` throws. */
export function readPort(
  port: MessagePort,
  flow: PortFlow,
  take: (bytes: Buffer) => void,
  check: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = (action: () => void): void => {
      try {
        action();
      } catch (error) {
        end();
        reject(error);
      }
    };
    const timer = setInterval(() => attempt(check), LOOK_MS);
    const end = (): void => {
      clearInterval(timer);
      port.close();
    };
    port.on('message', (chunk: Uint8Array | undefined) => {
      if (chunk === undefined) {
        end();
        resolve();
        return;
      }
      attempt(() => take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)));
      flow.countOut();
    });
  });
}
