/** Replies that a service gives in rare states, and those that only AWS gives. */
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openDownload, openUpload } from '../../../src/ops/s3/objects.ts';
import { S3Client, type S3Limits } from '../../../src/ops/s3/s3-client.ts';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { type SeenRequest, startScripted } from '../../support/scripted-http.ts';
import { waitUntil } from '../../support/wait.ts';

const LIMITS: S3Limits = { silentMs: 10_000, triesMax: 3, pauseMs: 1 };
const PART_BYTES = 8 << 20;
const PARTS_HELD_MAX = 5;

const closers: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

async function serve(...args: Parameters<typeof startScripted>) {
  const server = await startScripted(...args);
  closers.push(server.stop);
  return server;
}

const envOf = (url: string) => ({
  AWS_ENDPOINT_URL_S3: url,
  AWS_ACCESS_KEY_ID: 'ID',
  AWS_SECRET_ACCESS_KEY: 'a secret that no message has',
  AWS_SESSION_TOKEN: 'a token that no message has',
  AWS_REGION: 'eu-west-1',
});

const errorPage = (code: string, more = ''): string =>
  `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>It is so.</Message>${more}</Error>`;

async function write(url: string, bytes: number, limits = LIMITS) {
  const upload = await openUpload('s3://backups/a/b', '', envOf(url), limits);
  const piece = Buffer.alloc(512 << 10, 'x');
  try {
    for (let left = bytes; left > 0; left -= piece.length) {
      upload.write(piece.subarray(0, Math.min(left, piece.length)));
      if (upload.needsTurn) await upload.untilRoom();
    }
    await upload.commit();
  } catch (error) {
    const left = await upload.abandon();
    throw new Error(`${(error as Error).message} ${left ?? ''}`.trim());
  }
}

/** A service that accepts uploads; `other` replies in its place to some requests. */
function accepting(other: (request: SeenRequest, what: string) => ReturnType<Script> | 'usual') {
  const script: Script = (request) => {
    const what = whatOf(request);
    const reply = other(request, what);
    if (reply !== 'usual') return reply;
    if (what === 'create') return { body: '<R><UploadId>the id</UploadId></R>' };
    if (what === 'part') return { headers: { etag: '"&"' } };
    return { status: what === 'abort' ? 204 : 200 };
  };
  return serve(script);
}
type Script = Parameters<typeof startScripted>[0];

function whatOf({ method, url }: SeenRequest): string {
  if (url.includes('uploads=')) return 'create';
  if (!url.includes('uploadId=')) return method === 'HEAD' ? 'head' : 'put';
  if (method === 'PUT') return 'part';
  return method === 'POST' ? 'complete' : 'abort';
}

const kindsOf = (seen: readonly SeenRequest[]) => seen.map(whatOf);

describe('refusals', () => {
  const cases: readonly (readonly [number, string, string, RegExp])[] = [
    [404, 'NoSuchBucket', '', /^The bucket backups does not exist at http.*: create it/],
    [403, 'AccessDenied', '', /^S3 denies access to s3:\/\/backups\/a\/b: allow s3:PutObject/],
    [403, 'InvalidAccessKeyId', '', /does not accept the credentials \(AWS_ACCESS_KEY_ID\)/],
    [400, 'ExpiredToken', '', /are no longer valid: ExpiredToken. Get new ones/],
    [
      400,
      'AuthorizationHeaderMalformed',
      '<Region>us-east-2</Region>',
      /^The bucket backups is not in the region eu-west-1: set AWS_REGION=us-east-2/,
    ],
    [
      403,
      'RequestTimeTooSkewed',
      '<ServerTime>2020-01-01T00:00:00Z</ServerTime>',
      /^The clock of this machine is wrong by \d{8,} s \(ahead of that of S3\): set it/,
    ],
    [400, 'KMS.DisabledException', '', /s3:PutObject of s3:.*: KMS.*\(HTTP 400, It is so\)\.$/],
  ];
  test.each(cases)('the reply %i %s says what to do', async (status, code, more, text) => {
    const server = await serve(() => ({ status, body: errorPage(code, more) }));
    const failed = await write(server.url, 10).catch((error: Error) => error.message);
    expect(failed).toMatch(text);
    expect(failed).not.toContain('no message has');
    expect(server.seen.length).toBe(code === 'ExpiredToken' ? 2 : 1);
  });
  test('a redirect to another region names it', async () => {
    const headers = { 'x-amz-bucket-region': 'ap-south-1' };
    const server = await serve(() => ({ status: 301, headers, body: '' }));
    const opened = openDownload('s3://backups/a', envOf(server.url), LIMITS);
    await expect(opened).rejects.toThrow('set AWS_REGION=ap-south-1');
  });
  test('a service that is not there is named, with what to check', async () => {
    await expect(write('http://127.0.0.1:9', 10)).rejects.toThrow(
      /^Cannot reach S3 at http:\/\/127.0.0.1:9, tried 3 times: .*AWS_ENDPOINT_URL_S3/,
    );
  });
});

describe('TLS', () => {
  test('a service is trusted by the CA of AWS_CA_BUNDLE only', async () => {
    const folder = await temporaryFolder();
    closers.push(folder.remove);
    const authority = await Authority.create(folder.path);
    const { cert, key } = await authority.issue('s3');
    const [certBytes, keyBytes] = await Promise.all([readFile(cert), readFile(key)]);
    const server = await serve(() => ({}), { cert: certBytes, key: keyBytes });
    const env = { ...envOf(server.url), AWS_CA_BUNDLE: authority.ca };
    const upload = await openUpload('s3://backups/a', '', env, LIMITS);
    upload.write(Buffer.from('x'));
    await upload.commit();
    expect(server.seen.map(({ body }) => `${body}`)).toEqual(['x']);
    await expect(write(server.url, 10)).rejects.toThrow(/certificate.*; set AWS_CA_BUNDLE/);
    expect(server.seen).toHaveLength(1);
  });
});

describe('retries', () => {
  test('a busy service gets the same request again', async () => {
    const server = await serve((_request, nth) =>
      nth < 3 ? { status: 503, body: errorPage('SlowDown') } : {},
    );
    await write(server.url, 10);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(3).fill('PUT /backups/a/b'),
    );
  });
  test('a service that stays busy ends it', async () => {
    const server = await serve(() => ({ status: 500, body: errorPage('InternalError') }));
    await expect(write(server.url, 10)).rejects.toThrow('InternalError');
    expect(server.seen).toHaveLength(3);
  });
  test('a closed connection is a try', async () => {
    const server = await serve((_request, nth) => (nth < 3 ? undefined : {}));
    await write(server.url, 10);
    expect(server.seen).toHaveLength(3);
  });
  test('a silent service is left', async () => {
    const server = await serve(() => new Promise(() => {}));
    await expect(write(server.url, 10, { ...LIMITS, silentMs: 50 })).rejects.toThrow(
      /tried 3 times: no byte in 50 ms/,
    );
    expect(server.seen).toHaveLength(3);
  });
  test('a page without an end is not read to it', async () => {
    const server = await serve(() => ({ body: Buffer.alloc(5 << 20) }));
    const client = await S3Client.open('backups', envOf(server.url), LIMITS);
    const request = { method: 'GET', action: 's3:ListBucket' } as const;
    await expect(client.page(request)).rejects.toThrow(/over 4194304 bytes/);
    client.close();
  });
});

describe('an upload in parts', () => {
  const twoParts = PART_BYTES + 10;
  test('an upload is created, sent and completed, with the tags of its parts', async () => {
    const server = await accepting(() => 'usual');
    await write(server.url, twoParts);
    expect(kindsOf(server.seen)).toEqual(['create', 'part', 'part', 'complete']);
    expect(`${server.seen.at(-1)?.body}`).toBe(
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"&amp;"</ETag></Part>' +
        '<Part><PartNumber>2</PartNumber><ETag>"&amp;"</ETag></Part></CompleteMultipartUpload>',
    );
  });
  test('an end that fails after its status is tried again', async () => {
    let fails = 2;
    const server = await accepting((_request, what) =>
      what === 'complete' && fails-- > 0 ? { body: errorPage('InternalError') } : 'usual',
    );
    await write(server.url, twoParts);
    expect(kindsOf(server.seen).filter((what) => what === 'complete')).toHaveLength(3);
  });
  test.each([
    [true, 'is found to be done'],
    [false, 'is a failure if another object has the name'],
  ])('an end whose reply was lost (%s) %s', async (isOurs) => {
    let completes = 0;
    let mark = '';
    const server = await accepting(({ headers }, what) => {
      if (what === 'create') mark = `${headers['x-amz-meta-slabring-upload']}`;
      if (what === 'complete' && completes++ === 0) return undefined;
      if (what === 'complete') return { status: 404, body: errorPage('NoSuchUpload') };
      const found = { 'x-amz-meta-slabring-upload': isOurs ? mark : 'other' };
      return what === 'head' ? { headers: found } : 'usual';
    });
    const written = write(server.url, twoParts);
    if (isOurs) await written;
    else await expect(written).rejects.toThrow('NoSuchUpload');
  });
  test('a part that fails aborts the upload, and what is left is said', async () => {
    const denied = { status: 403, body: errorPage('AccessDenied') };
    const server = await accepting((_request, what) => (what === 'part' ? denied : 'usual'));
    await expect(write(server.url, twoParts)).rejects.toThrow(/allow s3:PutObject .*bucket\.$/);
    expect(kindsOf(server.seen).at(-1)).toBe('abort');
    const strict = await accepting((_request, what) =>
      what === 'part' || what === 'abort' ? denied : 'usual',
    );
    await expect(write(strict.url, twoParts)).rejects.toThrow(
      /Parts of it may be left in the bucket backups .*AbortIncompleteMultipartUpload/,
    );
  });
  test('a slow service bounds the bytes that wait for it', async () => {
    const { promise: go, resolve } = Promise.withResolvers<'usual'>();
    let parts = 0;
    const server = await accepting((_request, what) => {
      if (what !== 'part') return 'usual';
      parts++;
      return go.then(() => ({ headers: { etag: '"e"' } }));
    });
    const upload = await openUpload('s3://backups/a', '', envOf(server.url), LIMITS);
    const piece = Buffer.alloc(512 << 10);
    const work = (async () => {
      for (let bytes = 0; bytes < 12 * PART_BYTES; bytes += piece.length) {
        upload.write(piece);
        if (upload.needsTurn) await upload.untilRoom();
      }
      await upload.commit();
    })();
    await waitUntil('all parts are on their way', () => parts === PARTS_HELD_MAX - 1);
    expect(upload.bytes).toBeLessThanOrEqual(PARTS_HELD_MAX * PART_BYTES);
    resolve('usual');
    await work;
    expect([parts, upload.bytes]).toEqual([12, 12 * PART_BYTES]);
  });
});
