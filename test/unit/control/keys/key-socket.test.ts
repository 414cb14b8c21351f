import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/base/index.ts';
import { KeySocket, orderKeys } from '../../../../src/control/keys/key-socket.ts';
import { openState } from '../../../../src/control/state/open-state.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';

const { pathTo, cleanups } = folderForEachTest();
const POLICY = '{"Statement":{"Effect":"Allow","Action":"elasticache:*","Resource":"*"}}';
const socketPath = () => pathTo('keys.sock');

const warnings: string[] = [];
const log: Logger = { ...silentLogger, warn: (_, line) => warnings.push(line) };

async function openManager(data = pathTo()) {
  const state = openState(data);
  const socket = await KeySocket.open(data, state, log);
  const close = async (): Promise<void> => {
    await socket?.close();
    state.close();
  };
  return { state, close };
}

async function add(): Promise<string> {
  const reply = await orderKeys(pathTo(), { verb: 'add', policy: POLICY });
  return 'added' in reply ? reply.added.id : '';
}

async function idsNow(): Promise<readonly string[]> {
  const reply = await orderKeys(pathTo(), { verb: 'list' });
  return 'keys' in reply ? reply.keys.map(({ id }) => id) : [];
}

describe('the keys of a manager', () => {
  test('they come and go while it runs, and while it does not', async () => {
    const before = await add();
    const { state, close } = await openManager();
    const during = await add();
    expect(state.accessKey(during)?.policy[0]?.actions).toEqual(['elasticache:*']);
    expect(await idsNow()).toEqual([before, during].sort());
    await orderKeys(pathTo(), { verb: 'remove', id: before });
    expect(state.accessKey(before)).toBeUndefined();
    await close();
    expect(existsSync(socketPath())).toBe(false);
    expect(await idsNow()).toEqual([during]);
  });

  test('the errors reach the caller with their codes', async () => {
    const { close } = await openManager();
    cleanups.push(close);
    const unknown = orderKeys(pathTo(), { verb: 'remove', id: 'AKSRNONE' });
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_NO_KEY' });
    const wrong = orderKeys(pathTo(), { verb: 'add', policy: '{}' });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_POLICY' });
    expect(await idsNow()).toEqual([]);
  });

  test('a disk that is full is told to the caller, and the manager goes on', async () => {
    const { state, close } = await openManager();
    cleanups.push(close);
    const keep = state.addAccessKey;
    state.addAccessKey = () => {
      throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    };
    await expect(add()).rejects.toThrow('database or disk is full');
    state.addAccessKey = keep;
    expect(await idsNow()).toEqual([]);
    const id = await add();
    expect(await idsNow()).toEqual([id]);
  });

  test('a long path has a short socket elsewhere', async () => {
    const data = pathTo('long'.repeat(40));
    const { state, close } = await openManager(data);
    cleanups.push(close);
    expect(warnings).toEqual([]);
    const reply = await orderKeys(data, { verb: 'add', policy: POLICY });
    expect('added' in reply && state.accessKey(reply.added.id)).toBeTruthy();
  });

  test('a manager without a socket starts, with a warning', async () => {
    mkdirSync(socketPath());
    const { close } = await openManager();
    cleanups.push(close);
    expect(warnings.splice(0)).toEqual([expect.stringContaining('Access keys cannot change')]);
  });

  test('a folder that is not there yet is made for its first key', async () => {
    const data = pathTo('new');
    await orderKeys(data, { verb: 'add', policy: POLICY });
    expect(await orderKeys(data, { verb: 'list' })).toMatchObject({ keys: [{}] });
  });

  test.each([{ verb: 'list' }, { verb: 'remove', id: 'AKSRNONE' }] as const)(
    'a folder that is not there is not made to $verb keys',
    async (order) => {
      const data = pathTo('typo');
      await expect(orderKeys(data, order)).rejects.toThrow('name its folder with --data');
      expect(existsSync(data)).toBe(false);
    },
  );

  test('a policy that is too long is refused with a sentence', async () => {
    const { close } = await openManager();
    cleanups.push(close);
    const long = { verb: 'add', policy: POLICY.padEnd(20_000) } as const;
    await expect(orderKeys(pathTo(), long)).rejects.toThrow('6144');
  });

  test.skipIf(process.platform === 'win32')('only its user reaches the socket', async () => {
    const { close } = await openManager();
    cleanups.push(close);
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
  });

  test('a socket that a killed manager has left is replaced', async () => {
    writeFileSync(socketPath(), '');
    const { close } = await openManager();
    cleanups.push(close);
    expect(await idsNow()).toEqual([]);
  });

  test.each(['nonsense\n', '{"verb":"drop"}\n', '{"verb":"add"}\n', 'null\n'])(
    'the socket refuses %j',
    async (line) => {
      const { close } = await openManager();
      cleanups.push(close);
      const socket = createConnection({ path: socketPath() });
      socket.write(line);
      expect(JSON.parse(await text(socket))).toMatchObject({ code: 'ERR_USAGE' });
    },
  );

  test('the socket ends a connection whose order is too long', async () => {
    const { close } = await openManager();
    cleanups.push(close);
    const socket = createConnection({ path: socketPath() });
    socket.on('error', () => {});
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write('x'.repeat(100_000));
    socket.resume();
    await ended;
  });
});
