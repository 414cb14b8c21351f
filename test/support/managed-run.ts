/** Random calls of the API beside a model of it, over a simulated runtime. */
import { expect } from 'vitest';
import { OPERATIONS, type OperationName } from '../../src/control/api/operations.ts';
import { textsIn } from './control-api.ts';
import { randomCall } from './managed-calls.ts';
import { ManagedModel } from './managed-model.ts';
import { ManagedWorld } from './managed-world.ts';
import { Random } from './random.ts';

/** What any operation may answer. */
const COMMON = new Set(['200', 'MissingParameter', 'InvalidParameterValue', 'InvalidAction']);

/** Makes so many calls; each has the answer of the model, and at the end all is as it is wanted. */
export async function makeRandomCalls(calls: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const [world, model] = [new ManagedWorld(random), new ManagedModel()];
  const codes = new Map<string, number>();
  for (let nth = 0; nth < calls; nth++) {
    const { operation, members, code } = randomCall(random, model, world);
    const what = `call ${nth}: ${operation} ${members}`;
    const reply = world.api.ask(operation, members);
    const given = reply.status === 200 ? '200' : textsIn(reply.body, 'Code')[0]!;
    codes.set(given, (codes.get(given) ?? 0) + 1);
    if (code !== undefined) expect(given, what).toBe(code);
    else expectModelled(operation as OperationName, given, what);
    expect(unbalanced(reply.body), what).toBe('');
    if (operation === 'DescribeCacheClusters' && code === '200') expectShown(reply.body, model);
    await disturb(world, model, random, what);
  }
  await settle(world, model, `SEED=${seed}, at the end`);
  // The calls have come to most of what there is to answer.
  expect(codes.size).toBeGreaterThan(15);
}

function expectModelled(operation: OperationName, code: string, what: string): void {
  const { errors }: { errors: readonly string[] } = OPERATIONS[operation];
  const isNotFound = code === 'ReplicationGroupNotFoundFault';
  expect(COMMON.has(code) || errors.includes(code) || isNotFound, `${what}: ${code}`).toBe(true);
}

function expectShown(body: string, { clusters }: ManagedModel): void {
  const [id] = textsIn(body, 'CacheClusterId');
  const { nodes, pendingNodes } = clusters.get(id!)!;
  const [pending = ''] = /<PendingModifiedValues>.*<\/PendingModifiedValues>/.exec(body) ?? [];
  const rest = body.replace(pending, '');
  expect(textsIn(rest, 'NumCacheNodes')).toEqual([String(nodes)]);
  expect(textsIn(pending, 'NumCacheNodes')).toEqual(pendingNodes ? [String(pendingNodes)] : []);
}

/** The reconciler goes on, fails, dies, or ends its work. */
async function disturb(world: ManagedWorld, model: ManagedModel, random: Random, what: string) {
  world.runtime.failsOneIn = random.weighted([
    [3, 0],
    [1, 4],
  ]);
  if (random.oneIn(25)) return settle(world, model, what);
  if (random.oneIn(20)) world.kill();
  await world.advance(random.int(0, 4));
  expect(model.follow(world, false), what).toEqual([]);
}

async function settle(world: ManagedWorld, model: ManagedModel, what: string): Promise<void> {
  world.runtime.failsOneIn = 0;
  await world.advance();
  expect(model.follow(world, true), what).toEqual([]);
  world.check();
}

/** The first element of XML that is not closed, or closed by another name. */
function unbalanced(xml: string): string {
  const open: string[] = [];
  for (const [, slash, name, empty] of xml.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>/g)) {
    if (slash === '/' && open.pop() !== name) return name!;
    if (slash !== '/' && empty !== '/') open.push(name!);
  }
  return open.join(' ');
}
