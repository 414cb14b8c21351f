import { mkdirSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/index.ts';
import { Manager } from '../../../src/control/manager.ts';
import { LIMITS } from '../../support/control-api.ts';
import { folderForEachTest } from '../../support/test-folder.ts';

const { pathTo, cleanups } = folderForEachTest();
const warnings: string[] = [];
const log: Logger = { ...silentLogger, warn: (_, text) => warnings.push(text) };

const open = ({ port = 0, needsSignature = true } = {}): Promise<Manager> =>
  Manager.open(
    {
      ...{ data: pathTo('data'), host: '127.0.0.1', port, region: 'local', version: '1.2.3' },
      ...{ needsSignature, limits: LIMITS, program: [], env: {} },
    },
    log,
  );

/** The first key of a manager that starts and stops. */
async function firstKey(options?: Parameters<typeof open>[0]) {
  const manager = await open(options);
  const key = manager.firstKey;
  await manager.close();
  return key;
}

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('the first key of a manager', () => {
  test('the first start that listens shows it, and no later one', async () => {
    await expect(open({ port: await takenPort() })).rejects.toThrow('is in use');
    expect((await firstKey())?.secret).toMatch(/.{40}/);
    expect(await firstKey()).toBeUndefined();
  });

  test('a start without signatures makes none', async () => {
    expect(await firstKey({ needsSignature: false })).toBeUndefined();
    expect(await firstKey()).toBeDefined();
  });
});

describe('the folder of a manager', () => {
  test('an unknown snapshot is renamed by a start that listens, with a warning', async () => {
    mkdirSync(pathTo('data', 'snapshots', 'old'), { recursive: true });
    await expect(open({ port: await takenPort() })).rejects.toThrow('is in use');
    expect(readdirSync(pathTo('data', 'snapshots'))).toEqual(['old']);
    warnings.length = 0;
    await (await open()).close();
    expect(readdirSync(pathTo('data', 'snapshots'))).toEqual(['.unknown-old']);
    expect(warnings).toEqual([expect.stringContaining('.unknown-old')]);
  });
});
