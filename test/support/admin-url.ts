import type { TestServer } from './server.ts';

/** The URL of a node's admin port, as its start line says it. */
export function adminUrl({ process: { stdout } }: Pick<TestServer, 'process'>): string {
  const url = /Admin port: ([^\s"]+)/.exec(stdout)?.[1];
  if (url === undefined) throw new Error(`no admin port in: ${stdout}`);
  return url;
}
