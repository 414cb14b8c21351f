/** The verb of a command line without a verb. */
const NODE_VERB = 'serve';
/** The verbs that run a node in their own process. */
const NODE_VERBS = [NODE_VERB, 'proxy'];
/** The verbs that copy whole nodes: long work, for which no client of a node must wait. */
const COPY_VERBS = ['dump', 'restore'];
export const HELP_WORDS = ['--help', '-h', 'help'];
export const VERSION_WORDS = ['--version', '-V'];

/** The verb that the first word means: memcached's command lines begin with an option. */
export function verbName(first: string): string {
  return first.startsWith('-') ? NODE_VERB : first;
}

/** Whether the command line runs a node, or shows the help of its verb. */
export function startsNode([first = '--help']: readonly string[]): boolean {
  return NODE_VERBS.includes(verbName(first)) && ![...HELP_WORDS, ...VERSION_WORDS].includes(first);
}

export const copiesNodes = ([first = '']: readonly string[]): boolean => COPY_VERBS.includes(first);
