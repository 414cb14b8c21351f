import { createServer } from 'node:net';

/** The range is below the ports that the kernel chooses for outgoing connections (32768 …). */
const PORT_MIN = 20_000;
const PORTS_PER_PROCESS = 100;
/** Workers of one Vitest that run at the same time have different ids. */
const WORKERS = 4;
const SLOTS_PER_WORKER = 30;

let nextPort = 0;

/**
 * A TCP port of 127.0.0.1 without a listener. Each test process has a range of its own (by its
 * worker, then by pid) and returns its ports in turn, so two tests that start servers at the same
 * time do not collide, nor do clusters that take ports later.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS;
  // The last slots of a worker are free for the clusters of its managers.
  const slot = worker * SLOTS_PER_WORKER + (process.pid % (SLOTS_PER_WORKER - 3));
  const base = PORT_MIN + slot * PORTS_PER_PROCESS;
  for (let attempt = 0; attempt < PORTS_PER_PROCESS; attempt++) {
    const port = base + (nextPort++ % PORTS_PER_PROCESS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${base} to ${base + PORTS_PER_PROCESS - 1} on 127.0.0.1`);
}

/** The first of `count` consecutive ports without a listener. */
export async function consecutivePorts(count: number): Promise<number> {
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
