import { equalBytes } from '../../base/index.ts';
import { VERB, type Verb } from '../request.ts';

/** The commands by name, without the gets. */
const COMMANDS: ReadonlyMap<number, { readonly name: Uint8Array; readonly verb: Verb }> = new Map(
  [
    ['set', VERB.set],
    ['add', VERB.add],
    ['replace', VERB.replace],
    ['append', VERB.append],
    ['prepend', VERB.prepend],
    ['cas', VERB.cas],
    ['delete', VERB.delete],
    ['incr', VERB.increment],
    ['decr', VERB.decrement],
    ['touch', VERB.touch],
    ['flush_all', VERB.flush],
    ['verbosity', VERB.verbosity],
    ['version', VERB.version],
    ['stats', VERB.stats],
    ['quit', VERB.quit],
    ['refresh_certs', VERB.refreshCertificates],
    ['watch', VERB.watch],
    ['slabs', VERB.admin],
    ['lru', VERB.admin],
    ['lru_crawler', VERB.admin],
    ['cache_memlimit', VERB.admin],
    ['shutdown', VERB.admin],

    // No longer documented, but memcached still accepts it.
    ['bget', VERB.get],
  ].map(([text, verb]) => {
    const name = Buffer.from(text as string);
    return [nameSignature(name, 0, name.length), { name, verb: verb as Verb }];
  }),
);

/** The length and the first three bytes of a word, as one number; unique for each command. */
function nameSignature(bytes: Uint8Array, start: number, end: number): number {
  const letters = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
  return end - start > 15 ? -1 : ((end - start) << 24) | letters;
}

/** The verb of a command name, or VERB.invalid. */
export function commandOf(input: Buffer, start: number, end: number): Verb {
  const command = COMMANDS.get(nameSignature(input, start, end));
  if (command === undefined) return VERB.invalid;
  const matches = equalBytes(input, start, command.name, 0, command.name.length);
  return matches ? command.verb : VERB.invalid;
}
