import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from './catalogue.ts';
import type { FromShoppers, ToShoppers } from './shopper-process.ts';

const SHOPPER_PROCESS = fileURLToPath(new URL('./shopper-process.ts', import.meta.url));
const PROCESSES = 2;
const SHOPPERS_IN_EACH = 500;

export interface OneLoadResult {
  readonly processes: number;
  readonly requests: number;
  /** What the database was asked for; 1 is as it should be. */
  readonly queries: number;
  readonly wrongAnswers: number;
  readonly ms: number;
}

/** A thousand shoppers in two processes want one page, that no cache has, at the same moment. */
export async function oneLoad(
  catalogue: Catalogue,
  nodes: readonly string[],
  id: number,
): Promise<OneLoadResult> {
  const children = Array.from({ length: PROCESSES }, () => fork(SHOPPER_PROCESS, [...nodes]));
  try {
    await Promise.all(children.map((child) => heard(child, 'ready')));
    let queries = 0;
    for (const child of children) {
      child.on('message', async (message: FromShoppers) => {
        if (message.say !== 'query') return;
        queries++;
        tell(child, { say: 'page', page: await catalogue.page(message.id) });
      });
    }
    const startedAt = performance.now();
    for (const child of children) tell(child, { say: 'ask', id, shoppers: SHOPPERS_IN_EACH });
    const ends = await Promise.all(children.map((child) => heard(child, 'done')));
    const ms = performance.now() - startedAt;
    const requests = ends.reduce((sum, { pages }) => sum + pages, 0);
    const wrongAnswers = ends.reduce((sum, { wrong }) => sum + wrong, 0);
    return { processes: PROCESSES, requests, queries, wrongAnswers, ms };
  } finally {
    for (const child of children) child.kill();
  }
}

function tell(child: ChildProcess, message: ToShoppers): void {
  child.send(message);
}

/** The next message of that kind; an error if the process ends instead. */
async function heard<Say extends FromShoppers['say']>(
  child: ChildProcess,
  say: Say,
): Promise<Extract<FromShoppers, { say: Say }>> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A process of shoppers has ended with code ${code}.`);
  });
  for (;;) {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [FromShoppers];
    if (message.say === say) return message as Extract<FromShoppers, { say: Say }>;
  }
}
