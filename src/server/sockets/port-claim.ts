import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ListenAddress } from './listen-address.ts';

/** A node waits this long for another one that starts on its port, then starts anyway. */
const WAIT_MS_MAX = 10_000;
const RETRY_MS = 20;

/**
 * Runs the start of a node while no other node starts on its ports. The threads of a node share a
 * port: two nodes that check it at the same time would both find it free, listen, and each get a
 * part of the clients. The claim is an abstract socket of Linux, which ends with its process.
 */
export async function startAlone<T>(
  addresses: readonly ListenAddress[],
  start: () => Promise<T>,
): Promise<T> {
  const claims: Server[] = [];
  try {
    for (const port of portsOf(addresses)) {
      const claim = await claimPort(port);
      if (claim !== undefined) claims.push(claim);
    }
    return await start();
  } finally {
    for (const claim of claims) claim.close();
  }
}

/** Every node claims in the same order, so that no two wait for each other. */
function portsOf(addresses: readonly ListenAddress[]): readonly number[] {
  if (process.platform !== 'linux') return [];
  const ports = addresses.flatMap((each) =>
    each.kind === 'tcp' && each.port > 0 ? each.port : [],
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

async function claimPort(port: number): Promise<Server | undefined> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const claim = createServer((socket) => socket.destroy());
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      claim.once('error', resolve);
      claim.listen({ path: `\0slabring-start-${port}` }, () => resolve(undefined));
    });
    if (error === undefined) return claim;
    if (error.code !== 'EADDRINUSE' || waitedMs >= WAIT_MS_MAX) return undefined;
    await pause(RETRY_MS);
  }
}
