/** The hot keys of nodes, as `stats hot_keys` and `stats hot_prefixes` send them. */

/** A key or a prefix, with its requests in a second. */
export interface HotRow {
  /** One character for each byte (latin1). */
  readonly key: string;
  readonly gets: number;
  readonly hits: number;
  readonly writes: number;
  /** How far the sum of gets and writes may be off, with a probability of 95 %. */
  readonly error: number;
  /** What the item occupies; 0 if it was not there. */
  readonly bytes: number;
}

/** What one node sent. */
export interface HotReport {
  readonly isSampling: boolean;
  readonly samples: number;
  /** All requests for keys in a second. */
  readonly requests: number;
  readonly rows: readonly HotRow[];
}

/** A key of all nodes together. */
export interface MergedRow extends HotRow {
  readonly requests: number;
  readonly misses: number;
  /** What the hits of a second bring to the clients, with keys and headers. */
  readonly bytesPerSecond: number;
  readonly nodes: readonly string[];
}

export interface MergedReport {
  readonly requests: number;
  readonly samples: number;
  readonly rows: readonly MergedRow[];
  /** The nodes that sample no keys. */
  readonly silent: readonly string[];
}

const RANK = /^\d+$/;

/** Reads a reply; what a node does not send is 0. */
export function readHotReport(stats: ReadonlyMap<string, string>): HotReport {
  const rows = [...stats].flatMap(([name, text]) => (RANK.test(name) ? [readRow(text)] : []));
  return {
    isSampling: stats.get('sampling') === 'on',
    samples: numberOf(stats.get('samples')),
    requests: numberOf(stats.get('requests')),
    rows,
  };
}

function readRow(text: string): HotRow {
  const fields = new Map(text.split(' ').map((field) => splitOnce(field)));
  const number = (name: string): number => numberOf(fields.get(name));
  return {
    key: unescaped(fields.get('key') ?? ''),
    gets: number('gets'),
    hits: number('hits'),
    writes: number('writes'),
    error: number('error'),
    bytes: number('bytes'),
  };
}

/** Adds up what nodes sent. The order is the caller's. */
export function mergeHot(
  reports: readonly { readonly node: string; readonly report: HotReport }[],
): MergedReport {
  const byKey = new Map<string, { readonly node: string; readonly row: HotRow }[]>();
  for (const { node, report } of reports) {
    for (const row of report.rows) {
      const known = byKey.get(row.key);
      if (known === undefined) byKey.set(row.key, [{ node, row }]);
      else known.push({ node, row });
    }
  }
  const sum = (read: (report: HotReport) => number): number =>
    reports.reduce((total, { report }) => total + read(report), 0);
  return {
    requests: sum(({ requests }) => requests),
    samples: sum(({ samples }) => samples),
    rows: [...byKey].map(([key, found]) => merged(key, found)),
    silent: reports.filter(({ report }) => !report.isSampling).map(({ node }) => node),
  };
}

function merged(
  key: string,
  found: readonly { readonly node: string; readonly row: HotRow }[],
): MergedRow {
  const sum = (read: (row: HotRow) => number): number =>
    found.reduce((total, { row }) => total + read(row), 0);
  const gets = sum((row) => row.gets);
  const hits = sum((row) => row.hits);
  const writes = sum((row) => row.writes);
  return {
    ...{ key, gets, hits, writes },
    // The errors of nodes do not depend on each other.
    error: Math.sqrt(sum((row) => row.error ** 2)),
    bytes: Math.max(...found.map(({ row }) => row.bytes)),
    requests: gets + writes,
    misses: gets - hits,
    bytesPerSecond: sum((row) => row.hits * row.bytes),
    nodes: found.map(({ node }) => node),
  };
}

function splitOnce(field: string): readonly [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}

const unescaped = (key: string): string =>
  key.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

function numberOf(text: string | undefined): number {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
}
