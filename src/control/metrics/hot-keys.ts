/** The hot keys of a cluster, from `/hot-keys.json` of its nodes. */
import { type HotRow, mergeHot, utf8Of } from '../../ops/index.ts';
import type { ReadAdmin } from './admin-reader.ts';

const KEYS_SHOWN_MAX = 20;

export interface HotKey {
  /** Text; base64 of a key that is none. */
  readonly key: string;
  readonly requestsPerSecond: number;
  /** Undefined: no client asked the node that holds the key for it. */
  readonly hitRatio: number | undefined;
  readonly bytes: number;
  /** The node that answers for it. */
  readonly node: string;
}

interface NodeAt {
  readonly node: string;
  readonly address: string;
}

/**
 * The keys with the most requests; undefined if no node tells any. Each node counts what its own
 * clients ask; only the primary of a key knows hits.
 */
export async function hotKeysOf(
  nodes: readonly NodeAt[],
  read: ReadAdmin,
  primaryOf: (key: Buffer) => string,
): Promise<readonly HotKey[] | undefined> {
  const texts = await Promise.all(
    nodes.map(async ({ node, address }) => ({ node, text: await read(address, '/hot-keys.json') })),
  );
  const reports = texts.flatMap(({ node, text }) => {
    const rows = text === undefined ? undefined : rowsIn(text);
    return rows === undefined
      ? []
      : [{ node, report: { isSampling: true, samples: 0, requests: 0, rows } }];
  });
  if (reports.length === 0) return undefined;
  return mergeHot(reports)
    .rows.toSorted((a, b) => b.requests - a.requests)
    .slice(0, KEYS_SHOWN_MAX)
    .map(({ key, requests, bytes }) => {
      const node = primaryOf(Buffer.from(key, 'latin1'));
      const rows = reports.find((each) => each.node === node)?.report.rows;
      const { gets = 0, hits = 0 } = rows?.find((row) => row.key === key) ?? {};
      const hitRatio = gets > 0 ? Math.min(1, hits / gets) : undefined;
      return { key: shownKey(key), requestsPerSecond: requests, hitRatio, bytes, node };
    });
}

/** As text; in base64 if it is none. */
const shownKey = (key: string): string => utf8Of(key) ?? `${btoa(key)} (base64)`;

/** The rows of one node; undefined if it samples no keys. */
function rowsIn(text: string): readonly HotRow[] | undefined {
  try {
    const { isSampling, keys } = JSON.parse(text) as {
      readonly isSampling: boolean;
      readonly keys?: readonly Readonly<Record<string, string | number>>[];
    };
    if (!isSampling) return undefined;
    return (keys ?? []).map((row) => ({
      key: latin1Of(row),
      gets: Number(row['getsPerSecond']),
      hits: Number(row['hitsPerSecond']),
      writes: Number(row['writesPerSecond']),
      error: Number(row['errorPerSecond']),
      bytes: Number(row['bytes']),
    }));
  } catch {
    return undefined;
  }
}

/** One character for each byte, as keys are merged. */
const latin1Of = ({ key, keyBase64 }: Readonly<Record<string, string | number>>): string =>
  key === undefined
    ? Buffer.from(String(keyBase64), 'base64').toString('latin1')
    : Buffer.from(String(key)).toString('latin1');
