import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The paths of a certificate and its key, PEM files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in a folder; the openssl command creates its files. */
export class Authority {
  readonly ca: string;
  readonly #folder: string;
  readonly #key: string;
  #serial = 1;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.ca = join(folder, `${name}.pem`);
    this.#key = join(folder, `${name}.key`);
  }

  static async create(folder: string, name = 'ca'): Promise<Authority> {
    const authority = new Authority(folder, name);
    await openssl(
      ...['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', authority.#key, '-out', authority.ca],
    );
    return authority;
  }

  /** Issues a certificate for 127.0.0.1 and localhost, which ends after some days. */
  async issue(name: string, days = 2): Promise<Identity> {
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((suffix) =>
      join(this.#folder, `${name}.${suffix}`),
    ) as [string, string, string, string];
    await writeFile(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    await openssl(
      'req',
      '-new',
      ...NEW_KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      key,
      '-out',
      request,
    );
    await openssl(
      ...['x509', '-req', '-in', request, '-CA', this.ca, '-CAkey', this.#key],
      ...['-days', String(days)],
      ...['-set_serial', String(this.#serial++), '-extfile', extensions, '-out', cert],
    );
    return { cert, key };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', args);
}
