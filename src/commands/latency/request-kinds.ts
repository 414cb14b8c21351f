/** The kinds of requests whose latency the node measures: a command in a dialect. */
import { DIALECT, type Request, VERB, type Verb } from '../../protocol/index.ts';

/** The commands that name keys. */
const KEYED_COMMANDS = [
  'get',
  'gat',
  'set',
  'add',
  'replace',
  'append',
  'prepend',
  'cas',
  'delete',
  'incr',
  'decr',
  'touch',
] as const;

/** The commands by number; all dialects have the same names. */
export const COMMANDS = [
  'other',
  ...KEYED_COMMANDS,
  'flush',
  'noop',
  'stats',
  'login',
  'invalid',
] as const;
type Command = (typeof COMMANDS)[number];

const DIALECTS = Object.keys(DIALECT) as readonly (keyof typeof DIALECT)[];

const NAMES: Readonly<Partial<Record<keyof typeof VERB, Command>>> = {
  invalid: 'invalid',
  get: 'get',
  getAndTouch: 'gat',
  set: 'set',
  add: 'add',
  replace: 'replace',
  append: 'append',
  prepend: 'prepend',
  cas: 'cas',
  delete: 'delete',
  increment: 'incr',
  decrement: 'decr',
  touch: 'touch',
  flush: 'flush',
  stats: 'stats',
  metaGet: 'get',
  metaDelete: 'delete',
  metaArithmetic: 'incr',
  metaNoop: 'noop',
  noop: 'noop',
  saslMechanisms: 'login',
  saslStart: 'login',
  saslStep: 'login',
};

const numberOf = (command: Command): number => COMMANDS.indexOf(command);
const COMMAND_OF_VERB = new Uint8Array(Math.max(...Object.values(VERB)) + 1);
for (const [verb, command] of Object.entries(NAMES)) {
  COMMAND_OF_VERB[VERB[verb as keyof typeof VERB]] = numberOf(command);
}
const DECREMENT = numberOf('decr');
const LOGIN = numberOf('login');

export const KIND_COUNT = DIALECTS.length * COMMANDS.length;

/** The kind of a decoded request: a number below KIND_COUNT. */
export function kindOf({ verb, dialect, decrements }: Request): number {
  const command = verb === VERB.metaArithmetic && decrements ? DECREMENT : commandOf(verb);
  return dialect * COMMANDS.length + command;
}

/** The kind of a login in text, which looks like a `set`. */
export const TEXT_LOGIN_KIND = DIALECT.classic * COMMANDS.length + LOGIN;

function commandOf(verb: Verb): number {
  return COMMAND_OF_VERB[verb]!;
}

/** The names of each kind, by number. */
export const KINDS = DIALECTS.flatMap((dialect) =>
  COMMANDS.map((command) => ({ command, dialect, isKeyed: isKeyed(command) })),
);

function isKeyed(command: Command): boolean {
  return (KEYED_COMMANDS as readonly Command[]).includes(command);
}
