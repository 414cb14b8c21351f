/** Objects in OpenStack Swift, a production object store with an S3 API, also over bad networks. */
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDownload, openUpload, S3Folder } from '../../../src/ops/s3/objects.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { type Swift, startSwift, whyNoSwift } from '../../support/swift.ts';
import { waitUntil } from '../../support/wait.ts';

const LIMITS = { silentMs: 30_000, triesMax: 6, pauseMs: 1 };
const MIB = 2 ** 20;
const BUCKET = 'backups';

describe.skipIf(whyNoSwift() !== undefined)('objects in OpenStack Swift', () => {
  let swift: Swift;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    swift = await startSwift();
    await swift.createBucket(BUCKET);
  });
  afterAll(() => swift?.stop());
  afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

  const proxied = async (): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start(swift);
    closers.push(() => proxy.stop());
    return proxy;
  };
  const urlOf = (key: string): string => `s3://${BUCKET}/${key}`;
  const write = async (
    key: string,
    bytes: Buffer,
    port?: number,
    onPiece: (at: number) => void = () => {},
  ): Promise<void> => {
    const upload = await openUpload(urlOf(key), '', swift.env(port), LIMITS);
    for (let at = 0; at < bytes.length; at += MIB) {
      upload.write(bytes.subarray(at, at + MIB));
      await upload.untilRoom();
      onPiece(at);
    }
    await upload.commit();
  };
  const read = async (key: string, port?: number): Promise<Buffer> => {
    return readAll(await openDownload(urlOf(key), swift.env(port), LIMITS));
  };

  test.each([
    'plain',
    'a b+c&d=e?f#g%20h',
    'ü/日本/…',
    "it's (x)!*~@,;:$",
    'two//slashes',
    './dots/../stay',
    'x'.repeat(900),
  ])('the key %s is written, listed and read', async (key) => {
    const value = Buffer.from(`value of ${key}`);
    await write(key, value);
    expect(await read(key)).toEqual(value);
    expect(await swift.keys(BUCKET, key)).toEqual([key]);
  });
  test('an object of several parts is whole, and replaces the one before', async () => {
    for (const bytes of [randomBytes(20 * MIB + 1), randomBytes(16 * MIB)]) {
      await write('parts', bytes);
      expect((await read('parts')).equals(bytes)).toBe(true);
    }
    expect(await swift.uploads(BUCKET, 'parts')).toEqual([]);
  });
  test('connections that are reset while parts are on their way cost a retry each', async () => {
    const proxy = await proxied();
    const bytes = randomBytes(40 * MIB);
    await write('reset', bytes, proxy.port, (at) => {
      if (at % (9 * MIB) === 0) proxy.resetAll();
    });
    expect((await read('reset')).equals(bytes)).toBe(true);
  });
  test('a part that is damaged on its way is refused, and sent again', async () => {
    const port = await damagingProxy(swift.port, 3 * MIB, closers);
    const bytes = randomBytes(10 * MIB);
    await write('damaged', bytes, port);
    expect((await read('damaged')).equals(bytes)).toBe(true);
  });
  test.each(['cut', 'end'] as const)('a download goes on after each %s', async (kind) => {
    const proxy = await proxied();
    const bytes = randomBytes(20 * MIB);
    await write('cut', bytes);
    proxy.setFault({ kind, afterBytes: 6 * MIB });
    expect((await read('cut', proxy.port)).equals(bytes)).toBe(true);
  });
  test('a download whose connections bring nothing ends', async () => {
    const proxy = await proxied();
    await write('nothing', randomBytes(MIB));
    const download = await openDownload(urlOf('nothing'), swift.env(proxy.port), LIMITS);
    proxy.setFault({ kind: 'reset' });
    proxy.resetAll();
    await expect(readAll(download)).rejects.toThrow('Cannot reach S3');
  });
  test('an object that is replaced during its download is a failure, and no mixture', async () => {
    const proxy = await proxied();
    await write('replaced', randomBytes(12 * MIB));
    proxy.setFault({ kind: 'cut', afterBytes: 6 * MIB });
    const download = await openDownload(urlOf('replaced'), swift.env(proxy.port), LIMITS);
    await write('replaced', randomBytes(12 * MIB));
    await expect(readAll(download)).rejects.toThrow('was replaced');
  });
  test('an abandoned upload leaves neither object nor parts', async () => {
    const upload = await openUpload(urlOf('abandoned'), '', swift.env(), LIMITS);
    upload.write(randomBytes(17 * MIB));
    await upload.untilRoom();
    expect(await upload.abandon()).toBeUndefined();
    expect(await swift.uploads(BUCKET, 'abandoned')).toEqual([]);
    expect(await swift.keys(BUCKET, 'abandoned')).toEqual([]);
  });
  test('a wrong secret, an absent bucket, object and a wrong region are named', async () => {
    const fails = (url: string, env = {}) =>
      expect(openDownload(url, { ...swift.env(), ...env }, LIMITS)).rejects;
    await fails(urlOf('plain'), { AWS_SECRET_ACCESS_KEY: 'wrong' }).toThrow(
      'SignatureDoesNotMatch',
    );
    await fails('s3://absent/x').toThrow('The bucket absent does not exist');
    await fails(urlOf('absent')).toThrow('There is no object s3://backups/absent');
    await fails(urlOf('plain'), { AWS_REGION: 'us-east-2' }).toThrow('AWS_REGION=eu-central-1');
  });

  describe('a folder', () => {
    test('objects of several pages are listed and deleted, and others stay', async () => {
      const folder = new S3Folder(urlOf('deep/er'), '', swift.env(), LIMITS);
      const names = Array.from({ length: 12 }, (_, nth) => `own-${nth + 10}`);
      for (const name of ['deep/er/other', 'deep/er2/own-1', ...names.map((n) => `deep/er/${n}`)]) {
        await swift.put(BUCKET, name, Buffer.from('x'));
      }
      await folder.open();
      expect(await folder.names('own-')).toEqual(names);
      await folder.remove(names.slice(1));
      expect(await swift.keys(BUCKET, 'deep/')).toEqual([
        'deep/er/other',
        'deep/er/own-10',
        'deep/er2/own-1',
      ]);
    });
    test('open uploads are aborted only if they are its own', async () => {
      const uploads = await Promise.all(
        ['parts/a-1', 'parts/a-2', 'parts/b-1'].map(async (key) => {
          const upload = await openUpload(urlOf(key), '', swift.env(), LIMITS);
          upload.write(randomBytes(8 * MIB));
          await upload.untilRoom();
          return upload;
        }),
      );
      const count = async () => (await swift.uploads(BUCKET, 'parts/')).length;
      await waitUntil('three uploads', async () => (await count()) === 3);
      const folder = new S3Folder(urlOf('parts'), '', swift.env(), LIMITS);
      await folder.removeParts('a-', (name) => name === 'a-1');
      expect(await swift.uploads(BUCKET, 'parts/')).toEqual(['parts/a-2', 'parts/b-1']);
      await Promise.all(uploads.map((upload) => upload.abandon()));
    });
  });
});

async function readAll(download: Awaited<ReturnType<typeof openDownload>>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of download.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Flips a bit of the first connection's requests. */
async function damagingProxy(
  target: number,
  atByte: number,
  closers: (() => Promise<unknown>)[],
): Promise<number> {
  let left = atByte;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    client.on('data', (bytes: Buffer) => {
      if (left >= 0 && left < bytes.length) bytes[left]! ^= 1;
      left -= bytes.length;
      upstream.write(bytes);
    });
    upstream.pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].map((each) => each.destroy()));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => new Promise((closed) => server.close(closed)));
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
