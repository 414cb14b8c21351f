import { type FileHandle, open, rm } from 'node:fs/promises';
import { CodedError, fileReason, flag, number, text, type ValuesOf } from '../../base/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { attachJson, attachPage } from '../terminal/attach-page.ts';
import { defineVerb } from '../verb.ts';

const attachFlags = {
  database: text({
    placeholder: '<url>',
    doc:
      'The database: postgres://user@host/name, or sqlite:FILE. A password is safer in ' +
      'SLABRING_DATABASE or PGPASSWORD: other users of the machine can see command lines.',
  }),
  hotShare: number({
    default: 0.2,
    min: 0.01,
    max: 1,
    doc: 'Of large tables: the part of the rows that is read again and again.',
  }),
  clusterId: text({
    placeholder: '<id>',
    doc: 'Id of the cluster. Default: the name of the database, and -cache.',
  }),
  create: flag({
    isCommandLineOnly: true,
    doc: 'Create the proposed cluster at the manager of AWS_ENDPOINT_URL_ELASTICACHE, and wait.',
  }),
  snippet: text({
    placeholder: '<file>',
    isCommandLineOnly: true,
    doc: 'Write the code for the application into this file, instead of printing it.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** Where no cluster is yet. */
const ENDPOINT = '127.0.0.1:12000';

/** `slabring manage attach` */
export const attachVerb = defineVerb({
  name: 'manage attach',
  summary: 'propose a cluster for a database, and the code that caches its tables',
  description:
    'Reads the catalog of a database: its tables, their keys, counts and sizes, and never a ' +
    'value. It says how each table should be cached and why, proposes a cluster that has room ' +
    'for it, and prints code for the application: cache-aside with the bundled client.\n' +
    'It writes nothing, unless --create asks for the cluster.',
  flags: attachFlags,
  examples: [
    { command: 'slabring manage attach --database sqlite:shop.db', effect: 'only propose' },
    {
      command: 'slabring manage attach --database postgres://app@db/shop --create',
      effect: 'create the cluster, too',
    },
    {
      command: 'slabring manage attach --database sqlite:shop.db --snippet cache.mjs',
      effect: 'write the code',
    },
  ],
  run: runAttach,
});

async function runAttach(options: ValuesOf<typeof attachFlags>, host: Host): Promise<number> {
  const { database, hotShare, create, json, snippet: file } = options;
  if (database === '') throw new CodedError('ERR_USAGE', 'Name the database with --database.');
  // Other verbs need neither it nor SQLite.
  const control = await import('../../control/index.ts');
  const api = create ? new control.ApiClient(control.accessOf(host.env)) : undefined;
  const found = await control.attach(database, hotShare);
  const id = options.clusterId || control.clusterIdFor(found.catalog);
  const { endpoint, snippet } = await withSnippetFile(file, async () => {
    const made =
      api === undefined ? undefined : await control.createProposed(api, id, found.proposal);
    return { endpoint: made, snippet: control.snippetOf(found, made ?? ENDPOINT) };
  });
  if (json) host.out(attachJson(found, id, endpoint, snippet));
  else {
    host.out(attachPage(found, id, endpoint));
    host.out(file === '' ? `\n${snippet}` : `\nThe code is in ${file}.`);
  }
  return EXIT.ok;
}

/** Makes the file first: a cluster without its code would be a surprise. */
async function withSnippetFile<T extends { readonly snippet: string }>(
  file: string,
  make: () => Promise<T>,
): Promise<T> {
  if (file === '') return make();
  const handle = await open(file, 'wx').catch((cause) => cannotWrite(file, cause));
  try {
    const made = await make();
    await writeSnippet(handle, file, made.snippet);
    return made;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeSnippet(handle: FileHandle, file: string, snippet: string): Promise<void> {
  try {
    await handle.writeFile(snippet);
  } catch (cause) {
    cannotWrite(file, cause);
  }
}

function cannotWrite(file: string, cause: unknown): never {
  const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
  const reason = exists ? 'it exists; name another one' : fileReason(cause, file, 'write');
  throw new CodedError('ERR_SNIPPET_FILE', `Cannot write ${file}: ${reason}.`, { cause });
}
