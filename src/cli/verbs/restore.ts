import { once } from 'node:events';
import type { Writable } from 'node:stream';
import {
  CodedError,
  flag,
  isS3Url,
  list,
  parseObjectUrl,
  type ValuesOf,
} from '../../base/index.ts';
import { missingText, type RestoreOutcome, restoreText, SnapshotDecoder } from '../../ops/index.ts';
import { createDistribution, readNodes } from '../../topology/index.ts';
import { adminClientFlags } from '../admin/admin-client-flags.ts';
import { endWithStarter } from '../process/exit.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { cachePortFlags } from '../snapshot/cache-port.ts';
import { RestoreRoutes } from '../snapshot/restore-routes.ts';
import { openSource } from '../snapshot/restore-source.ts';
import type { RestoreTarget } from '../snapshot/restore-target.ts';
import { restoreTargets } from '../snapshot/restore-targets.ts';
import { type ProgressBar, progressBar } from '../terminal/progress-bar.ts';
import { defineVerb } from '../verb.ts';

const MIB = 2 ** 20;

const restoreFlags = {
  ...adminClientFlags,
  nodes: list({
    placeholder: '<node>',
    doc:
      'The nodes as clients name them, in the order of --admin. They decide which node gets ' +
      'which key (ketama). Without --admin, those that this user does not run here, such as a ' +
      'memcached, get their items through these ports: ms.',
  }),
  ...cachePortFlags,
  replace: flag({
    isCommandLineOnly: true,
    doc: 'Also replace items that the nodes have; without it, those are newer and stay.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** `slabring restore` */
export const restoreVerb = defineVerb({
  name: 'restore',
  summary: 'restore items from a file into running nodes',
  description:
    'Restores the items of a file of slabring dump, or of a warm restart, into a node, or into a ' +
    'cluster of any size. The nodes serve in the meantime. Items that have expired since, and ' +
    'those that a node has under their keys, are left out.\n' +
    'Of a damaged file it restores what is whole, and says what is missing. - is standard ' +
    'input, s3://bucket/name an object of S3.\n' +
    'Exit code 0: all is restored; 1: the file is damaged or a node failed; 2: the command line ' +
    'is wrong.',
  parameters: ['file'],
  flags: restoreFlags,
  examples: [
    {
      command: 'slabring restore items.snapshot',
      effect: 'into the cluster of this machine',
    },
    {
      command: 'slabring restore items.snapshot --admin http://127.0.0.1:11212',
      effect: 'into one node',
    },
    {
      command: 'slabring restore items.snapshot --admin http://a:9000,http://b:9000 --nodes a,b',
      effect: 'into a cluster',
    },
    {
      command: 'slabring restore s3://backups/cache/items.snapshot --admin http://127.0.0.1:11212',
      effect: 'from a bucket of S3',
    },
  ],
  async run(options, host, [path = '']) {
    endWithStarter(host);
    if (isS3Url(path)) parseObjectUrl(path);
    const clients = await restoreTargets(options, host);
    const bar = progressBar(host.terminal);
    try {
      const outcomes = await restore(clients, options.replace, path, host.env, bar);
      return report(outcomes, clients, options, host);
    } finally {
      bar.clear();
    }
  },
});

/** The parts of a file, with their progress on the bar. */
async function* partsOf(path: string, env: Host['env'], bar: ProgressBar): AsyncGenerator<Buffer> {
  const { bytes: size, pieces } = await openSource(path, env);
  let read = 0;
  for await (const chunk of pieces) {
    yield chunk;
    read += chunk.length;
    const fraction = size === 0 ? 0 : read / size;
    bar.draw({ title: 'restore', fraction, count: read / MIB, unit: 'MiB' });
  }
}

async function restore(
  clients: readonly RestoreTarget[],
  replace: boolean,
  path: string,
  env: Host['env'],
  bar: ProgressBar,
): Promise<readonly RestoreOutcome[]> {
  const parts = partsOf(path, env, bar);
  // The first part decides whether it is a snapshot, before a node hears of it.
  const first = await parts.next();
  if (first.done !== true) checkStart(first.value);
  else throw new CodedError('ERR_SNAPSHOT', `${nameOf(path)} is empty: it is no snapshot.`);
  const uploads = await Promise.all(clients.map((client) => client.restore(replace)));
  const requests = uploads.map(({ request }) => request);
  const outcomes = Promise.all(uploads.map(({ outcome }) => outcome));
  const chunks = joined(first.value, parts);
  if (clients.length === 1) await sendWhole(chunks, requests[0]!, outcomes);
  else {
    const nodes = readNodes(clients.map(({ node }) => node));
    const routes = new RestoreRoutes(createDistribution('ketama', nodes), requests);
    await sendRouted(chunks, routes, outcomes);
  }
  return outcomes;
}

const nameOf = (path: string): string => (path === '-' ? 'Standard input' : `The file ${path}`);

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/**
 * Sends the file as it is; ends early, with the reason, if the node has failed. The outcome has the
 * reason in words, the request only the code of the system.
 */
async function sendWhole(
  chunks: AsyncIterable<Buffer>,
  request: Writable,
  outcomes: Promise<unknown>,
): Promise<void> {
  for await (const chunk of chunks) {
    if (request.write(chunk)) continue;
    await Promise.race([once(request, 'drain').catch(() => outcomes), outcomes]);
  }
  request.end();
}

async function sendRouted(
  chunks: AsyncIterable<Buffer>,
  routes: RestoreRoutes,
  outcomes: Promise<unknown>,
): Promise<void> {
  const decoder = new SnapshotDecoder(routes);
  for await (const chunk of chunks) {
    decoder.push(chunk);
    await Promise.race([routes.drained().catch(() => outcomes), outcomes]);
  }
  decoder.end();
  routes.finish();
  const missing = missingText(decoder.totals.view());
  if (missing === undefined) return;
  await outcomes;
  throw new CodedError('ERR_SNAPSHOT', missing);
}

/** @throws {CodedError} if these bytes do not begin a snapshot. */
function checkStart(bytes: Buffer): void {
  const nothing = { facts() {}, item() {}, begin() {}, piece() {}, commit() {}, drop() {} };
  new SnapshotDecoder(nothing).push(bytes);
}

function report(
  outcomes: readonly RestoreOutcome[],
  clients: readonly RestoreTarget[],
  { json }: ValuesOf<typeof restoreFlags>,
  host: Host,
): number {
  const rows = outcomes.map((outcome, at) => ({ node: clients[at]!.url, outcome }));
  const damaged = rows.flatMap(({ outcome }) => missingText(outcome.totals) ?? []);
  if (json) {
    const nodes = rows.map(({ node, outcome: { counts, evicted, totals, seconds } }) => {
      return { node, ...counts, evicted, seconds, snapshot: totals };
    });
    host.out(JSON.stringify({ nodes }));
  } else {
    for (const { node, outcome } of rows) host.out(`${node}: ${restoreText(outcome)}.`);
  }
  for (const text of damaged) host.err(`slabring: ${text}`);
  return damaged.length === 0 ? EXIT.ok : EXIT.failed;
}
