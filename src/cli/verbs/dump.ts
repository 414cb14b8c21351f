import { randomBytes } from 'node:crypto';
import {
  CodedError,
  choice,
  counted,
  flag,
  isS3Url,
  list,
  machineClock,
  parseObjectUrl,
  type ValuesOf,
} from '../../base/index.ts';
import {
  COMPRESSIONS,
  ID_BYTES,
  missingText,
  SnapshotDecoder,
  type SnapshotFacts,
  type SnapshotReceiver,
} from '../../ops/index.ts';
import { adminClientFlags } from '../admin/admin-client-flags.ts';
import { s3Encryption } from '../options/snapshot-options.ts';
import { endWithStarter } from '../process/exit.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { cachePortFlags } from '../snapshot/cache-port.ts';
import { DumpInterrupt } from '../snapshot/dump-interrupt.ts';
import type { DumpInput, DumpSource } from '../snapshot/dump-source.ts';
import { dumpSources } from '../snapshot/dump-sources.ts';
import { openTarget } from '../snapshot/dump-target.ts';
import { sizeText } from '../terminal/amounts.ts';
import { type ProgressBar, progressBar } from '../terminal/progress-bar.ts';
import { defineVerb } from '../verb.ts';

const MIB = 2 ** 20;

const ON_TERMINAL =
  'Standard output is a terminal: send the snapshot to a file or a pipe, such as slabring dump - ' +
  '| ssh host ….';

const dumpFlags = {
  ...adminClientFlags,
  nodes: list({
    placeholder: '<node>',
    doc:
      'Without --admin: the nodes, as clients name them. Those that this user does not run here, ' +
      'such as a memcached, are dumped through this port: lru_crawler metadump, then mg.',
  }),
  ...cachePortFlags,
  compression: choice({
    words: COMPRESSIONS,
    default: 'none',
    doc: 'Compress the file: deflate every reader knows, zstd is faster.',
  }),
  s3Encryption: s3Encryption('the object'),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** `slabring dump` */
export const dumpVerb = defineVerb({
  name: 'dump',
  summary: 'write the items of running nodes to a file',
  description:
    'Writes all items of a node, or of all nodes of a cluster, to one file: values, flags, times ' +
    'of expiry, CAS ids and hits. The nodes serve in the meantime. An item that changes during ' +
    'the dump has its old or its new value in the file.\n' +
    'The file appears under its name when it is complete; - is standard output, ' +
    's3://bucket/name an object of S3 (the variables and files of AWS name the service and the ' +
    'credentials).\n' +
    'Exit code 0: the file is complete; 1: it is not, and there is none; 2: the command line is ' +
    'wrong.',
  parameters: ['file'],
  flags: dumpFlags,
  examples: [
    { command: 'slabring dump items.snapshot', effect: 'the cluster of this machine' },
    {
      command: 'slabring dump items.snapshot --admin http://127.0.0.1:11212',
      effect: 'one node',
    },
    {
      command: 'slabring dump items.snapshot --nodes cache-1,cache-2',
      effect: 'nodes of memcached, through their ports',
    },
    {
      command: 'slabring dump - --admin http://10.0.0.1:11212,http://10.0.0.2:11212 | ssh host …',
      effect: 'a cluster, through a pipe',
    },
    {
      command: 'slabring dump s3://backups/cache/items.snapshot --admin http://127.0.0.1:11212',
      effect: 'into a bucket of S3',
    },
  ],
  async run(options, host, [path = '']) {
    endWithStarter(host);
    if (isS3Url(path)) parseObjectUrl(path);
    // Values can contain the control characters of a terminal.
    if (path === '-' && host.columns !== undefined) throw new CodedError('ERR_USAGE', ON_TERMINAL);
    const clients = await dumpSources(options, host);
    const dump = new ClusterDump(clients, options, host);
    const started = machineClock.nowMs();
    await dump.writeTo(path);
    const seconds = (machineClock.nowMs() - started) / 1000;
    const { items } = dump.totals;
    const result = { file: path, nodes: clients.length, items, bytes: dump.bytes, seconds };
    const size = `${sizeText(dump.bytes)} in ${seconds.toFixed(1)} s`;
    const text = options.json
      ? JSON.stringify(result)
      : `Dumped ${counted(items, 'item')} of ${counted(clients.length, 'node')}, ${size}.`;
    // The snapshot itself goes to standard output.
    if (path === '-') host.err(text);
    else host.out(text);
    return EXIT.ok;
  },
});

/** Dumps one node after the other, each as a section of the same file. */
class ClusterDump implements SnapshotReceiver {
  bytes = 0;
  readonly #clients: readonly DumpSource[];
  readonly #options: ValuesOf<typeof dumpFlags>;
  readonly #host: Host;
  readonly #id = randomBytes(ID_BYTES).toString('hex');
  readonly #decoder = new SnapshotDecoder(this);
  readonly #bar: ProgressBar;
  /** Items of the nodes whose dumps have begun, as their headers say. */
  #expected = 0;

  constructor(clients: readonly DumpSource[], options: ValuesOf<typeof dumpFlags>, host: Host) {
    this.#clients = clients;
    this.#options = options;
    this.#host = host;
    this.#bar = progressBar(host.terminal);
  }

  get totals() {
    return this.#decoder.totals;
  }

  /** Writes a complete file; after a failure or a signal there is none. */
  async writeTo(path: string): Promise<void> {
    const interrupt = new DumpInterrupt(this.#host);
    const target = await openTarget(path, this.#options, this.#host.env);
    try {
      for (const [section, client] of this.#clients.entries()) {
        const input = { compression: this.#options.compression, id: this.#id, section };
        await this.#copy(client, input, target.write, interrupt);
      }
      this.#decoder.end();
      const missing = missingText(this.totals.view());
      if (missing !== undefined) throw new CodedError('ERR_SNAPSHOT', missing);
      await interrupt.unless(target.commit());
    } catch (error) {
      const left = await target.abandon();
      if (left === undefined || !(error instanceof CodedError)) throw error;
      throw new CodedError(error.code, `${error.message} ${left}`, { cause: error });
    } finally {
      interrupt.dispose();
      this.#bar.clear();
    }
  }

  /** Checks what a node sends as it comes, so that a file is known to be whole. */
  async #copy(
    client: DumpSource,
    input: DumpInput,
    write: (bytes: Buffer) => Promise<void>,
    interrupt: DumpInterrupt,
  ): Promise<void> {
    const response = await interrupt.unless(client.dump(input));
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        this.#decoder.push(chunk);
        await interrupt.unless(write(chunk));
        this.bytes += chunk.length;
        this.#draw(client);
      }
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      const reason = `the node stopped sending: ${(cause as Error).message}. There is no file.`;
      throw client.failure(reason, cause);
    }
  }

  #draw(client: DumpSource): void {
    const { items } = this.#decoder.totals;
    const fraction = Math.min(1, items / Math.max(1, this.#expected));
    this.#bar.draw({ title: client.url, fraction, count: this.bytes / MIB, unit: 'MiB' });
  }

  facts({ items }: SnapshotFacts): void {
    this.#expected += items;
  }

  item(): void {}
  begin(): void {}
  piece(): void {}
  commit(): void {}
  drop(): void {}
}
