import { keyJson } from '../../ops/index.ts';
import type { KeyFacts } from '../../protocol/client.ts';
import { failureText, type NodeResult } from '../cache/each-node.ts';
import type { KeyHolder } from '../cache/key-holders.ts';
import type { Host } from '../process/host.ts';
import { ageText, sizeText } from './amounts.ts';
import { columns } from './columns.ts';
import { shownKey } from './key-text.ts';

/** The facts of a key at one node. */
export interface LocatedFacts extends KeyFacts {
  /** The chunk that the item occupies; undefined for an item of several chunks. */
  readonly chunkBytes: number | undefined;
}

/** Where the key belongs. */
interface KeyPlaces {
  /** The nodes that are to hold it, as far as the client knows. */
  readonly owners: readonly string[];
  /** In a cluster of slabring: the members that have it, the primary first. */
  readonly holders: readonly KeyHolder[] | undefined;
}

type Results = readonly NodeResult<LocatedFacts | undefined>[];

/** The key, and a block of facts for each node. */
export function factsText(
  key: string,
  results: Results,
  { owners, holders }: KeyPlaces,
  host: Host,
): string {
  const blocks = results.map((result) => columns(rowsOf(result, owners, host)));
  const members = holders === undefined ? [] : [columns(holders.map(holderRow))];
  return [`key    ${shownKey(key)}`, ...blocks, ...members].join('\n');
}

function holderRow({ node, address, role, state, lagMs = 0 }: KeyHolder, nth: number) {
  const late = state === 'lags' ? `lags ${ageText(lagMs / 1000)}` : (state ?? 'not known');
  const text = role === 'primary' ? 'primary' : role === 'holder' ? late : `joins: ${late}`;
  return [nth === 0 ? 'in   ' : '', node, address, text];
}

function rowsOf(
  { node, value, failure }: Results[number],
  owners: readonly string[],
  host: Host,
): readonly (readonly string[])[] {
  const isOther = owners.length > 0 && !owners.includes(node);
  const place = ['node ', isOther ? `${node} (not a node of this key)` : node];
  if (failure !== undefined) return [place, ['', host.style('red', failureText(failure))]];
  if (value === undefined) return [place, ['', 'not found']];
  const { ttl, idleSeconds, isFetched, sizeClass, bytes, chunkBytes, cas } = value;
  const exact = bytes < 1024 ? '' : ` (${bytes} B)`;
  const chunk = chunkBytes === undefined ? 'several chunks' : `a chunk of ${chunkBytes} B`;
  return [
    place,
    ['size', `${sizeText(bytes)}${exact} with key and header, in ${chunk}`],
    ['class', String(sizeClass)],
    ['ttl', ttl === undefined ? 'never expires' : `${ageText(ttl)} left (${ttl} s)`],
    ['idle', `${ageText(idleSeconds)}${isFetched ? '' : ', never read since it was stored'}`],
    ['cas', String(cas)],
  ];
}

/** One object: the key, its nodes, and the facts by node. */
export function factsJson(key: string, results: Results, { owners, holders }: KeyPlaces): string {
  const byNode = results.map(({ node, value, failure }) => [
    node,
    failure === undefined ? nodeJson(value) : { error: failure.reason },
  ]);
  const nodes = Object.fromEntries(byNode);
  return JSON.stringify({ ...keyJson(key), owners, ...(holders && { holders }), nodes });
}

function nodeJson(facts: LocatedFacts | undefined): object {
  if (facts === undefined) return { found: false };
  const { ttl, idleSeconds, isFetched, sizeClass, bytes, chunkBytes, cas } = facts;
  return {
    found: true,
    bytes,
    sizeClass,
    ...(chunkBytes !== undefined && { chunkBytes }),
    ttl: ttl ?? null,
    idleSeconds,
    isFetched,
    cas: cas <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(cas) : String(cas),
  };
}
