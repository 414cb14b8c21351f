import { spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { S3Client } from '../../src/ops/s3/s3-client.ts';
import { listKeys, listUploads } from '../../src/ops/s3/s3-listing.ts';
import { temporaryFolder } from './folder.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

/** Debian's Python: another one on the PATH does not know Debian's packages. */
const PYTHON = '/usr/bin/python3';
const SERVER = fileURLToPath(new URL('./swift-server.py', import.meta.url));
const USER = 'test:tester';
const KEY = 'the-secret-of-the-tests';
const REGION = 'eu-central-1';

/** The reason why tests with OpenStack Swift cannot run here; it prints it. */
export function whyNoSwift(): string | undefined {
  if (spawnSync(PYTHON, ['-c', 'import swift']).status === 0) return undefined;
  const reason = 'there is no OpenStack Swift (apt-get install python3-swift)';
  console.warn(`skipped: ${reason}`);
  return reason;
}

export interface Swift {
  readonly port: number;
  /** The variables for its S3 API, reached over a port: its own, or that of a proxy. */
  env(port?: number): Readonly<Record<string, string>>;
  /** The keys of a bucket. */
  keys(bucket: string, prefix?: string): Promise<readonly string[]>;
  /** The keys of the uploads of a bucket that are neither complete nor aborted. */
  uploads(bucket: string, prefix?: string): Promise<readonly string[]>;
  get(bucket: string, key: string): Promise<Buffer>;
  put(bucket: string, key: string, body: Buffer): Promise<void>;
  createBucket(bucket: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts OpenStack Swift, a production object store, with the S3 API that it has. */
export async function startSwift(): Promise<Swift> {
  const folder = await temporaryFolder();
  const owned = new OwnedProcess([PYTHON, SERVER, `${folder.path}/swift`, USER, KEY, REGION]);
  const port = await owned.failOnExit(
    waitUntil('Swift serves', () => Number(owned.stdout.trim()) || undefined, 100_000),
  );
  const env = (at = port) => ({
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${at}`,
    AWS_ACCESS_KEY_ID: USER,
    AWS_SECRET_ACCESS_KEY: KEY,
    AWS_REGION: REGION,
    HOME: folder.path,
  });
  const use = async <T>(bucket: string, work: (client: S3Client) => Promise<T>): Promise<T> => {
    const client = await S3Client.open(bucket, env());
    return work(client).finally(() => client.close());
  };
  return {
    port,
    env,
    keys: (bucket, prefix = '') => use(bucket, (client) => listKeys(client, prefix)),
    uploads: async (bucket, prefix = '') => {
      const uploads = await use(bucket, (client) => listUploads(client, prefix));
      return uploads.map(({ key }) => key);
    },
    get: (bucket, key) =>
      use(bucket, async (client) =>
        buffer(await client.stream({ method: 'GET', key, action: 's3:GetObject' })),
      ),
    put: (bucket, key, body) =>
      use(bucket, async (client) => {
        await client.page({ method: 'PUT', key, body, action: 's3:PutObject' });
      }),
    createBucket: (bucket) =>
      use(bucket, async (client) => {
        await client.page({ method: 'PUT', action: 's3:CreateBucket' });
      }),
    stop: async () => {
      await owned.stop();
      await folder.remove();
    },
  };
}
