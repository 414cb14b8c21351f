/** What an access string of ElastiCache means for a node; pure. */

/** The roles of users of a node. */
type Role = 'readonly' | 'readwrite' | 'admin';

type Right = 'read' | 'write' | 'admin';
const RIGHTS: readonly Right[] = ['read', 'write', 'admin'];

/** The rights that a category or a command of the string stands for; others stand for none. */
const MEANING: Readonly<Record<string, readonly Right[]>> = {
  '@all': RIGHTS,
  '@read': ['read'],
  '@write': ['write'],
  '@admin': ['admin'],
  '@dangerous': ['admin'],
  get: ['read'],
  gets: ['read'],
  mg: ['read'],
  set: ['write'],
  ms: ['write'],
  flush_all: ['admin'],
};
const RULE = /^([+-])(@?[a-z_]{1,40})$/;

interface Access {
  readonly isOn: boolean;
  readonly hasKeys: boolean;
  readonly rights: ReadonlySet<Right>;
}

/** Why nodes cannot do what a string says; undefined if they can. */
export function whyNoAccessString(text: string): string | undefined {
  const unknown = text
    .split(/\s+/)
    .find((word) => word !== '' && applied(NONE, word) === undefined);
  if (unknown === undefined) return undefined;
  return (
    `The access string has '${unknown.slice(0, 100)}': a node knows on, off, ~* (all keys), and ` +
    `+ or - with ${Object.keys(MEANING).join(', ')}.`
  );
}

const NONE: Access = { isOn: false, hasKeys: false, rights: new Set() };

/** The role that a valid string gives; undefined: the user cannot log in. */
export function roleIn(text: string): Role | undefined {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const { isOn, hasKeys, rights } = words.reduce((access, word) => applied(access, word)!, NONE);
  if (!isOn || !hasKeys) return undefined;
  // No role of a node writes without reading.
  if (!rights.has('read')) return undefined;
  if (!rights.has('write')) return 'readonly';
  return rights.has('admin') ? 'admin' : 'readwrite';
}

/** The words apply from left to right; undefined: nodes do not know the word. */
function applied(access: Access, word: string): Access | undefined {
  const { rights } = access;
  switch (word) {
    case 'on':
    case 'off':
      return { ...access, isOn: word === 'on' };
    case '~*':
    case 'allkeys':
      return { ...access, hasKeys: true };
    case 'resetkeys':
      return { ...access, hasKeys: false };
    case 'allcommands':
      return { ...access, rights: new Set(RIGHTS) };
    case 'nocommands':
      return { ...access, rights: new Set() };
    case '&*':
    case 'allchannels':
    case 'resetchannels':
      return access;
  }
  const [, sign, name = ''] = RULE.exec(word) ?? [];
  const meant = Object.hasOwn(MEANING, name) ? MEANING[name] : undefined;
  if (sign === undefined || meant === undefined) return undefined;
  const changed = new Set(rights);
  for (const right of meant) {
    if (sign === '+') changed.add(right);
    else changed.delete(right);
  }
  return { ...access, rights: changed };
}
