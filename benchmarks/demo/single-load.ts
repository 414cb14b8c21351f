import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from './catalogue.ts';
import type { FromShoppers, ToShoppers } from './shopper-process.ts';

const SHOPPER_PROCESS = fileURLToPath(new URL('./shopper-process.ts', import.meta.url));
const PROCESS_COUNT = 2;
const SHOPPERS_PER_PROCESS = 500;

export interface SingleLoadResult {
  readonly processes: number;
  readonly requests: number;
  /** How many queries the database got; 1 is correct. */
  readonly queries: number;
  readonly wrongPages: number;
  readonly durationMs: number;
}

/**
 * A thousand shoppers in two processes request one page at the same moment; the cache misses it.
 */
export async function runSingleLoad(
  catalogue: Catalogue,
  nodes: readonly string[],
  id: number,
): Promise<SingleLoadResult> {
  const children = Array.from({ length: PROCESS_COUNT }, () => fork(SHOPPER_PROCESS, [...nodes]));
  try {
    await Promise.all(children.map((child) => nextMessage(child, 'ready')));
    let queries = 0;
    for (const child of children) {
      child.on('message', async (message: FromShoppers) => {
        if (message.kind !== 'query') return;
        queries++;
        send(child, { kind: 'page', page: await catalogue.page(message.id) });
      });
    }
    const startedAt = performance.now();
    for (const child of children) send(child, { kind: 'read', id, shoppers: SHOPPERS_PER_PROCESS });
    const reports = await Promise.all(children.map((child) => nextMessage(child, 'done')));
    const durationMs = performance.now() - startedAt;
    const requests = reports.reduce((sum, { pages }) => sum + pages, 0);
    const wrongPages = reports.reduce((sum, report) => sum + report.wrongPages, 0);
    return { processes: PROCESS_COUNT, requests, queries, wrongPages, durationMs };
  } finally {
    for (const child of children) child.kill();
  }
}

function send(child: ChildProcess, message: ToShoppers): void {
  child.send(message);
}

/** Resolves with the next message of a kind; rejects when the process exits first. */
async function nextMessage<Kind extends FromShoppers['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromShoppers, { kind: Kind }>> {
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`A shopper process exited with code ${code}.`);
  });
  for (;;) {
    const [message] = (await Promise.race([once(child, 'message'), exit])) as [FromShoppers];
    if (message.kind === kind) return message as Extract<FromShoppers, { kind: Kind }>;
  }
}
