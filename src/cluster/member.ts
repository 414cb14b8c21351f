/** What only a node in a cluster needs. A node in none loads nothing of it. */
export { EtcdMembership } from './membership/etcd/etcd-membership.ts';
export { type OpenedMember, openMember } from './node/open-member.ts';
