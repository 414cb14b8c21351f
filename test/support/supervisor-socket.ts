import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

interface Told {
  /** Of the supervisor. */
  readonly pid: number;
  /** A reply waits for it. */
  readonly until?: () => Promise<unknown>;
}

/** Listens as the supervisor of a cluster with one node, which is up; returns what ends it. */
export async function listenAsSupervisor(path: string, { pid, until }: Told): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  const nodes = [{ node: 'node-1', address: '127.0.0.1:1', pid, isUp: true }];
  const status = JSON.stringify({ event: 'status', pid, nodes });
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async () => {
      await until?.();
      socket.end(`${status}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return () => server.close();
}
