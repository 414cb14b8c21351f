import { type MemberStatus, type MembersReply, progressOf } from '../changes/change-events.ts';
import type { LocalCluster } from '../local-cluster.ts';

/** The members of a cluster, with what their nodes tell about themselves now. */
export async function listMembers({ membership, nodes }: LocalCluster): Promise<MembersReply> {
  const keeper = membership.keeper!;
  const { members: _, ...topology } = keeper.topology;
  const facts = new Map(
    await Promise.all(nodes.map(async (node) => [node.name, await node.facts()] as const)),
  );
  const processes = new Map(nodes.map((node) => [node.name, node]));
  const members = keeper.topology.members.map((member): MemberStatus => {
    const { items, bytes, memoryLimitBytes } = facts.get(member.name) ?? {};
    const report = keeper.reportOf(member.name);
    return {
      ...member,
      pid: processes.get(member.name)?.pid ?? membership.proxies.pidOf(member.name),
      options: processes.get(member.name)?.options,
      items,
      bytes,
      memoryLimitBytes,
      ...progressOf(report, topology.version),
    };
  });
  const { waitsFor } = keeper;
  return { event: 'members', ...topology, members, waitsFor, changes: membership.changes };
}
