/** Snapshots in a real object store, OpenStack Swift by its S3 API: dumped, scheduled, restored. */
import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { adminUrl } from '../support/admin-url.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { startSlabring, startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { TestServer } from '../support/server.ts';
import { type Swift, startSwift, whyNoSwift } from '../support/swift.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const BUCKET = 'backups';
/** Less than the replies to all parts of `fillLarge`, and enough for the one that has the id. */
const REPLY_BYTES = 900;

describe.skipIf(whyNoSwift() !== undefined)('snapshots in S3', () => {
  let swift: Swift;
  let proxy: FaultProxy;
  let empty: Node;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    swift = await startSwift();
    [proxy, empty] = await Promise.all([FaultProxy.start(swift), start()]);
    await swift.createBucket(BUCKET);
  });
  afterAll(async () => {
    await Promise.all([proxy?.stop(), swift?.stop(), ...shared.map((node) => node.stop())]);
  });
  afterEach(async () => {
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  interface Node {
    readonly server: TestServer;
    readonly admin: string;
    readonly name: string;
  }
  const shared: TestServer[] = [];
  async function start(...args: readonly string[]): Promise<Node> {
    return startAt(await freePort(), ...args);
  }
  async function startAt(port: number, ...args: readonly string[]): Promise<Node> {
    const server = await startSlabring({
      port,
      args: ['--admin-port', '0', '-t', '1', '-v', ...args],
      env: swift.env(proxy?.port),
    });
    if (args.length === 0) shared.push(server);
    else closers.push(() => server.stop());
    return { server, admin: adminUrl(server), name: `127.0.0.1:${server.port}` };
  }
  const exchange = ({ server }: Node, request: string): Promise<string> =>
    exchangeOnce(server.address, request);
  const slabring = (...args: readonly string[]) => startVerb(args, { env: swift.env(proxy.port) });
  const run = (...args: readonly string[]) => slabring(...args).result();
  const set = (key: string, value: string): string =>
    `set ${key} 5 0 ${value.length} noreply\r\n${value}\r\n`;
  const fill = (node: Node, prefix: string, count: number): Promise<string> => {
    const keys = Array.from({ length: count }, (_, nth) => `${prefix}-${nth}`);
    return exchange(node, keys.map((key) => set(key, `value of ${key}`)).join(''));
  };
  const fillLarge = async (node: Node): Promise<void> => {
    const value = 'x'.repeat(900_000);
    for (let nth = 0; nth < 90; nth++) await exchange(node, set(`l-${nth}`, value));
  };
  const uploads = (prefix: string) => swift.uploads(BUCKET, prefix);
  const keys = (prefix: string) => swift.keys(BUCKET, prefix);
  const uploadBegins = (prefix: string) =>
    waitUntil('an upload', async () => (await uploads(prefix)).length > 0, 60_000);
  /** From now on no upload of `fillLarge` ends. */
  const holdParts = () => proxy.setFault({ kind: 'hold', afterBytes: REPLY_BYTES });

  test('a cluster is dumped into one object, and restored into another one', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(() => start('-m', '100')));
    await fill(a!, 'a', 300);
    await fill(b!, 'b', 200);
    await exchange(b!, set('large', 'y'.repeat(1_000_000)));
    const url = `s3://${BUCKET}/pre fix/ü+&=?.snapshot`;
    const dumped = await run('dump', url, '--admin', `${a!.admin},${b!.admin}`);
    expect(dumped).toMatchObject({ code: 0, err: '' });
    expect(dumped.out).toContain('Dumped 501 items of 2 nodes');
    const to = ['--admin', `${c!.admin},${empty.admin}`, '--nodes', `${c!.name},${empty.name}`];
    const restored = await run('restore', url, ...to);
    expect(restored).toMatchObject({ code: 0, err: '' });
    const got = await run('get', 'a-7', 'b-7', '--nodes', `${c!.name},${empty.name}`);
    expect(got.out).toContain('value of a-7');
    expect(got.out).toContain('value of b-7');
    const sizes = await Promise.all([c!, empty].map((node) => exchange(node, 'mg large s\r\n')));
    expect(sizes.join('')).toContain('HD s1000000');
  });
  test('a damaged object gives what is whole, and an absent one touches nothing', async () => {
    const node = await start('-m', '100');
    await fill(node, 'd', 12_000);
    await run('dump', `s3://${BUCKET}/whole`, '--admin', node.admin);
    const bytes = await swift.get(BUCKET, 'whole');
    bytes[400_000]! ^= 1;
    await swift.put(BUCKET, 'damaged', bytes);
    const to = ['--admin', empty.admin];
    const restored = await run('restore', `s3://${BUCKET}/damaged`, ...to, '--json');
    expect([restored.code, restored.err]).toEqual([1, expect.stringContaining('1 block with')]);
    expect(JSON.parse(restored.out).nodes[0].restored).toBeGreaterThan(5000);
    const absent = await run('restore', `s3://${BUCKET}/absent`, ...to);
    expect([absent.code, absent.err]).toEqual([
      1,
      expect.stringMatching(/^slabring: There is no object s3:\/\/backups\/absent/),
    ]);
  });
  test('a dump that ends early leaves no object, and says why', async () => {
    const node = await start('-m', '300');
    await fillLarge(node);
    const admin = ['--admin', node.admin];
    const absent = await run('dump', 's3://absent/x', ...admin);
    expect([absent.code, absent.err]).toEqual([1, expect.stringContaining('create it')]);

    holdParts();
    const stopped = slabring('dump', `s3://${BUCKET}/stopped`, ...admin);
    await uploadBegins('stopped');
    stopped.child.kill('SIGTERM');
    expect((await stopped.exited).code).toBe(1);
    expect(stopped.stderr).toBe(
      'slabring: SIGTERM ended the dump: it is not complete, and what it wrote is removed.\n',
    );
    const killed = slabring('dump', `s3://${BUCKET}/killed`, ...admin);
    await uploadBegins('killed');
    killed.child.kill('SIGKILL');
    await killed.exited;
    const orphan = slabring('dump', `s3://${BUCKET}/orphan`, ...admin);
    await uploadBegins('orphan');
    node.server.process.child.kill('SIGKILL');
    expect((await orphan.exited).code).toBe(1);
    expect(orphan.stderr).toContain('the node stopped sending');

    expect(await Promise.all(['stopped', 'killed', 'orphan'].map(keys))).toEqual([[], [], []]);
    expect(await uploads('stopped')).toEqual([]);
    expect(await uploads('orphan')).toEqual([]);
    expect(await uploads('killed')).toEqual(['killed']);
  });
  test('a node writes snapshots by itself, and deletes only its own old ones', async () => {
    await swift.put(BUCKET, 'every/other-20200101T000000.000Z.snapshot', Buffer.from('x'));
    const every = ['--snapshot-every', '1s', '--snapshot-keep', '2'];
    const node = await start(...every, '--snapshot-to', `s3://${BUCKET}/every`);
    const own = `every/${hostname()}-slabring-${node.server.port}-`;
    await swift.put(BUCKET, `${own}20200101T000000.000Z.snapshot`, Buffer.from('x'));
    await swift.put(BUCKET, `${own}notes`, Buffer.from('x'));
    await fill(node, 'key', 100);
    const seen = new Set<string>();
    await waitUntil('three snapshots', async () => {
      for (const key of await keys(own)) if (key > `${own}2026`) seen.add(key);
      return seen.size >= 3;
    });
    await waitUntil('old ones are gone', async () => (await keys(own)).length === 3);
    await node.server.stop();
    const left = await keys('every/');
    expect(left.filter((key) => !key.startsWith(own))).toHaveLength(1);
    expect(left).toContain(`${own}notes`);
    expect(left).not.toContain(`${own}20200101T000000.000Z.snapshot`);
    const newest = left.filter((key) => seen.has(key) || key > [...seen].at(-1)!).at(-2)!;
    const restored = await run('restore', `s3://${BUCKET}/${newest}`, '--admin', empty.admin);
    expect(restored.code).toBe(0);
    expect(node.server.process.stderr).toContain('snapshot: 100 items');
    const secret = swift.env()['AWS_SECRET_ACCESS_KEY']!;
    expect(node.server.process.stderr).not.toContain(secret);
  });
  test('a node that is killed leaves parts, which its next snapshot removes', async () => {
    const every = ['--snapshot-every', '1s', '--snapshot-to', `s3://${BUCKET}/again/`];
    const port = await freePort();
    const first = await startAt(port, '-m', '300', ...every);
    holdParts();
    await fillLarge(first);
    await uploadBegins('again/');
    first.server.process.child.kill('SIGKILL');
    await first.server.process.exited;
    expect(await uploads('again/')).not.toEqual([]);
    proxy.setFault({ kind: 'none' });
    await startAt(port, '-m', '300', ...every);
    await waitUntil('the parts are gone', async () => (await uploads('again/')).length === 0);
    expect(await keys('again/')).not.toEqual([]);
  });
  test('a node that stops during a snapshot removes its parts', async () => {
    const every = ['--snapshot-every', '1s', '--snapshot-to', `s3://${BUCKET}/ends`];
    const node = await start('-m', '300', ...every);
    holdParts();
    await fillLarge(node);
    await uploadBegins('ends/');
    expect((await node.server.stop()).code).toBe(0);
    expect(node.server.process.stderr).toContain('it did not finish the dump');
    expect(await uploads('ends/')).toEqual([]);
  });
  test('a node that may not use the bucket says so at its start, and serves', async () => {
    const every = ['--snapshot-every', '1h', '--snapshot-to', 's3://absent/x'];
    const node = await start(...every);
    const log = () => node.server.process.stderr;
    await waitUntil('the warning', () => log().includes('the next snapshot will fail'));
    expect(log()).toContain('The bucket absent does not exist');
    expect(await exchange(node, 'version\r\n')).toContain('VERSION');
  });
});
