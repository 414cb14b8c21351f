import { createReadStream, statSync } from 'node:fs';
import { CodedError, isS3Url } from '../../base/index.ts';
import { loadS3, withFile } from '../../ops/index.ts';

const CHUNK_BYTES = 256 * 1024;

const ON_TERMINAL =
  'Standard input is a terminal: send a snapshot to it, such as ssh host slabring dump - | ' +
  'slabring restore -.';

/** What a restore reads. */
interface RestoreSource {
  /** Its size; 0 if it is not known. */
  readonly bytes: number;
  readonly pieces: AsyncIterable<Buffer>;
}

/**
 * The file of that name; `-` is standard input, and `s3://…` an object of S3.
 * @throws {CodedError} `ERR_SNAPSHOT_FILE`, `ERR_S3`, or `ERR_USAGE`.
 */
export async function openSource(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RestoreSource> {
  if (path === '-') {
    if (process.stdin.isTTY) throw new CodedError('ERR_USAGE', ON_TERMINAL);
    return { bytes: 0, pieces: process.stdin };
  }
  if (isS3Url(path)) {
    const { openDownload } = await loadS3();
    const download = await openDownload(path, env);
    return { bytes: download.bytes, pieces: download.read() };
  }
  return { bytes: sizeOf(path), pieces: piecesOf(path) };
}

async function* piecesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
  } catch (cause) {
    withFile(path, () => raise(cause), 'read');
  }
}

function sizeOf(path: string): number {
  const file = withFile(path, () => statSync(path), 'read');
  if (!file.isDirectory()) return file.size;
  throw new CodedError('ERR_SNAPSHOT_FILE', `${path} is a folder: name a snapshot in it.`);
}

function raise(error: unknown): never {
  throw error;
}
