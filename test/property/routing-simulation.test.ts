/** The client's routes over nodes and a network that are simulated: nothing old is read. */
import { afterEach, expect, test, vi } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { Simulation } from '../support/simulation/simulation.ts';

vi.mock('../../src/client/connection/socket.ts', async () => {
  const { openSimulated } = await import('../support/simulation/network.ts');
  return { openSocket: openSimulated, abandon: (): void => {} };
});

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 200);
const nodes = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
const gutterNode = '127.0.0.1:4';

const routes = [
  ['two copies', { replicas: 2 }, []],
  ['three copies', { replicas: 3 }, []],
  ['stand-ins', { failover: 'next' }, []],
  ['a gutter', { failover: { gutter: [gutterNode] } }, [gutterNode]],
  ['two copies and stand-ins', { replicas: 2, failover: 'next' }, []],
] as const;

const { performance, setTimeout, clearTimeout } = globalThis;
afterEach(() => {
  Object.assign(globalThis, { performance, setTimeout, clearTimeout });
});

for (const concurrent of [1, 3]) {
  test.each(routes)(`%s, ${concurrent} at once (seed ${seed})`, async (name, client, gutter) => {
    const wrong: string[] = [];
    let hits = 0,
      steps = 0;
    const start = process.hrtime.bigint();
    for (let i = Number(process.env['FIRST'] ?? 0); i < SCHEDULES; i++) {
      const random = new Random(seed).fork(i);
      const one = new Simulation({ client, nodes, gutter, concurrent, isOrderly: true }, random);
      const w = await one.run();
      hits += one.hits;
      steps += one.log.length;
      if (w !== undefined) {
        wrong.push(`schedule ${i} (${one.log.length}): ${w}`);
        if (process.env['SHOW'] === String(i)) console.log(one.log.join('\n'));
      }
    }
    console.log(
      name,
      concurrent,
      'hits',
      hits,
      'steps',
      steps,
      'wrong',
      wrong.length,
      wrong.slice(0, 8),
      Number(process.hrtime.bigint() - start) / 1e6,
      'ms',
    );
    expect(hits).toBeGreaterThan(0);
  });
}
