import { CacheError } from '../base/errors.ts';

/** A session with the changes of two requests. */
interface MergedSession {
  /** The JSON of the session. */
  readonly text: string;
  /** The properties that both changed: it has the later change. */
  readonly overwritten: readonly string[];
}

/** Each request sets the expiry of the cookie: the later one is valid, and it is no conflict. */
const COOKIE = 'cookie';

/**
 * Applies the changes from `base` to `mine` to `theirs`, property by property: all three are JSON.
 * @throws {CacheError} ERR_VALUE for a text that is no session.
 */
export function mergeSessions(base: string, mine: string, theirs: string): MergedSession {
  const before = propertiesOf(base);
  const changed = propertiesOf(mine);
  const merged = propertiesOf(theirs);
  const overwritten: string[] = [];
  for (const name of new Set([...before.keys(), ...changed.keys()])) {
    const [old, json, other] = [before.get(name), changed.get(name), merged.get(name)];
    if (json === old && name !== COOKIE) continue;
    if (other !== old && other !== json && name !== COOKIE) overwritten.push(name);
    if (json === undefined) merged.delete(name);
    else merged.set(name, json);
  }
  const members = [...merged].map(([name, json]) => `${JSON.stringify(name)}:${json}`);
  return { text: `{${members.join(',')}}`, overwritten };
}

/** The JSON of each property. */
function propertiesOf(text: string): Map<string, string> {
  return new Map(
    Object.entries(parseSession(text)).map(([name, value]) => [name, JSON.stringify(value)]),
  );
}

/** @throws {CacheError} ERR_VALUE for a value that is no session. */
export function parseSession(stored: unknown): object {
  try {
    const session: unknown = typeof stored === 'string' ? JSON.parse(stored) : undefined;
    if (typeof session === 'object' && session !== null) return session;
  } catch (cause) {
    throw new CacheError('ERR_VALUE', { detail: 'It is not the JSON of a session.', cause });
  }
  throw new CacheError('ERR_VALUE', { detail: 'It is not the JSON of a session.' });
}
