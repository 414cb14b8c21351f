import type { Grants } from './grants.ts';

/** What the cluster of a node needs of them. */
export type NodeGrants = Pick<
  Grants,
  | 'adopting'
  | 'released'
  | 'stopped'
  | 'running'
  | 'mayDecide'
  | 'begun'
  | 'asked'
  | 'silent'
  | 'hears'
  | 'adoptedOf'
>;
