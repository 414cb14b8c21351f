import { envNames } from '../../base/index.ts';
import { adminClientFlags } from '../admin/admin-client-flags.ts';
import type { Host } from '../process/host.ts';
import type { Verb } from '../verb.ts';

const PREFIX = 'SLABRING_';
/**
 * What an environment may have for other commands than this one: those in the container of a node
 * share its environment. A node must not load their modules in order to know these.
 */
const OTHERS = [
  'SLABRING_PASSWORD',
  ...Object.entries(adminClientFlags).flatMap(([name, flag]) => [...envNames(name, flag)]),
];
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
