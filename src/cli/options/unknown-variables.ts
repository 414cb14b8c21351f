import { envNames } from '../../base/index.ts';
import type { Host } from '../process/host.ts';
import type { Verb } from '../verb.ts';

const PREFIX = 'SLABRING_';
/** The variables that no table of options has. */
const OTHERS = ['SLABRING_PASSWORD'];
/**
 * Kubernetes sets these in every pod beside a Service whose name begins with "slabring":
 * `SLABRING_SERVICE_HOST`, `SLABRING_CACHE_PORT_11211_TCP_ADDR` and so on.
 */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;

/** A sentence that names the variables of slabring that no verb reads: misspelled ones. */
export function unknownVariables({ env, supervisor }: Host, verbs: readonly Verb[]): string[] {
  // The supervisor has named them already.
  if (supervisor !== undefined) return [];
  const known = new Set([...OTHERS, ...verbs.flatMap(variablesOf)]);
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !known.has(name) && !SERVICE_LINK.test(name),
  );
  if (unknown.length === 0) return [];
  const names = unknown.toSorted().join(', ');
  return [`No option has the environment variable ${names}: docs/options.md lists them.`];
}

function variablesOf({ flags }: Verb): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => [...envNames(name, flag)]);
}
