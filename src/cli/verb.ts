import {
  type FlagTable,
  type Rule,
  resolveOptions,
  type Sources,
  type ValuesOf,
} from '../base/index.ts';
import type { Host } from './process/host.ts';

/** One command of the command line. */
export interface Verb {
  readonly name: string;
  /** One line, for the list of verbs. */
  readonly summary: string;
  /** A few sentences, for the verb's own help; each line is a paragraph. */
  readonly description: string;
  readonly flags: FlagTable;
  /** The part of `flags` that other verbs have too; the help shows it after the verb's own. */
  readonly shared?: SharedFlags;
  readonly examples: readonly Example[];
  /** Whether it writes its warnings and its failure to a log (`runWithLog`). */
  readonly hasLog?: boolean;
  /** The names of its positional parameters: `[name]` is optional, `[name...]` is repeatable. */
  readonly parameters?: readonly string[];
  /** Resolves with the process's exit code. */
  readonly run: (sources: Sources, host: Host) => Promise<number>;
}

interface SharedFlags {
  readonly title: string;
  readonly flags: FlagTable;
}

export interface Example {
  readonly command: string;
  readonly effect: string;
}

interface VerbSpec<Table extends FlagTable> extends Omit<Verb, 'flags' | 'run'> {
  readonly flags: Table;
  readonly rules?: readonly Rule<Table>[];
  readonly run: (options: ValuesOf<Table>, host: Host, args: readonly string[]) => Promise<number>;
}

/** Resolves the options once, at the edge: inside a verb every option has a value. */
export function defineVerb<Table extends FlagTable>(spec: VerbSpec<Table>): Verb {
  const { rules, run, ...rest } = spec;
  return {
    ...rest,
    run: async (sources, host) =>
      run(resolveOptions(spec.flags, sources, rules), host, sources.positionals ?? []),
  };
}
