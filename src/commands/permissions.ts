/** What the users of a node may do. */
import { META_LETTER, type Request, VERB, type Verb } from '../protocol/index.ts';

/** The roles of users, each with everything that the ones before it may do. */
export const ROLES = ['readonly', 'readwrite', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export const DEFAULT_ROLE: Role = 'readwrite';

const READONLY = 0;
const READWRITE = 1;
const ADMIN = 2;

const READING: readonly Verb[] = [
  ...[VERB.invalid, VERB.get, VERB.version, VERB.stats, VERB.quit, VERB.noop],
  ...[VERB.metaGet, VERB.metaNoop, VERB.metaDebug, VERB.configGet, VERB.configList],
  ...[VERB.saslMechanisms, VERB.saslStart, VERB.saslStep],
];
const ADMINISTRATIVE: readonly Verb[] = [
  ...[VERB.admin, VERB.verbosity, VERB.refreshCertificates, VERB.watch],
  ...[VERB.configSet, VERB.configDelete],
];
/** The level that each verb needs; a verb of neither list changes items. */
const LEVEL_OF_VERB = Uint8Array.from({ length: Math.max(...Object.values(VERB)) + 1 }, () => 1);
for (const verb of READING) LEVEL_OF_VERB[verb] = READONLY;
for (const verb of ADMINISTRATIVE) LEVEL_OF_VERB[verb] = ADMIN;

/** Topics of stats that show keys or other clients, or cost the node. */
const ADMIN_TOPICS: ReadonlySet<string | undefined> = new Set([
  ...['detail', 'cachedump', 'hot_keys', 'hot_prefixes', 'conns'],
  ...['sizes_enable', 'sizes_disable'],
]);
/** The flags of mg that change an item: create, touch, take a lease. */
const WRITING_FLAGS: readonly number[] = [
  META_LETTER.vivify,
  META_LETTER.touch,
  META_LETTER.recache,
];

/** Whether a user of this role may send the request. */
export function permits(role: Role, request: Request): boolean {
  const level = ROLES.indexOf(role);
  if (LEVEL_OF_VERB[request.verb]! > level) return false;
  if (request.verb === VERB.stats) return level >= levelOfTopic(request.words[0]);
  if (request.verb === VERB.metaGet) return level >= READWRITE || !hasWritingFlag(request);
  return true;
}

/** Client libraries offer the reset of the counters, as they do flush_all. */
function levelOfTopic(topic: string | undefined): number {
  if (ADMIN_TOPICS.has(topic)) return ADMIN;
  return topic === 'reset' ? READWRITE : READONLY;
}

function hasWritingFlag(request: Request): boolean {
  for (let flag = 0; flag < request.flagCount; flag++) {
    if (WRITING_FLAGS.includes(request.flagLetter(flag))) return true;
  }
  return false;
}
