/** The options by which a node joins a cluster. */
import { type Rule, text } from '../../base/index.ts';

/** The node is told who it is by the process that started it: `slabring cluster`. */
export const BY_SUPERVISOR = 'supervisor';

export const joinFlags = {
  join: text({
    placeholder: '<membership>',
    doc:
      'Join a cluster, and follow its topology. `supervisor`: the one that the parent process ' +
      'keeps; slabring cluster starts its nodes so.',
  }),
};

export const joinRules: readonly Rule<typeof joinFlags>[] = [
  ({ join }) =>
    join === '' || join === BY_SUPERVISOR
      ? undefined
      : `--join is ${join}; it must be ${BY_SUPERVISOR}.`,
];
