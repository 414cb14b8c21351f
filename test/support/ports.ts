import { createServer } from 'node:net';

/** Ports handed out lie below the range the kernel gives to outgoing connections (32768 …). */
const PORT_FIRST = 20_000;
const PORTS_PER_PROCESS = 100;
const PROCESS_SLOTS = 120;

let handedOut = 0;

/**
 * A TCP port of 127.0.0.1 that nothing listens on. Test processes draw from ranges of their own (by pid) and no
 * port comes twice from one process in a row, so two tests that start servers at once do not collide.
 */
export async function freePort(): Promise<number> {
  const base = PORT_FIRST + (process.pid % PROCESS_SLOTS) * PORTS_PER_PROCESS;
  for (let tries = 0; tries < PORTS_PER_PROCESS; tries++) {
    const port = base + (handedOut++ % PORTS_PER_PROCESS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${base} to ${base + PORTS_PER_PROCESS - 1} on 127.0.0.1`);
}

/** The first of so many ports in a row that nothing listens on. */
export async function portsInARow(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const rest = await Promise.all(
      Array.from({ length: count - 1 }, (_, i) => isFree(first + 1 + i)),
    );
    if (rest.every(Boolean)) return first;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
