/** What `slabring nodes` prints. */
import { counted, machineClock } from '../../base/index.ts';
import type {
  ChangeAction,
  ChangedNode,
  MemberStatus,
  MembersReply,
  PlannedChange,
} from '../../cluster/index.ts';
import { isProxy } from '../../topology/index.ts';
import { ageText, countText, sizeText, usageText } from './amounts.ts';
import { columns } from './columns.ts';

/** The members, what a change waits for, and the last changes. */
export function membersText(reply: MembersReply, nowMs = machineClock.nowMs()): string {
  const { members, waitsFor, changes } = reply;
  const head = ['node', 'address', 'state', 'items', 'memory', 'to send', 'pid'];
  const rows = members.toSorted((a, b) => Number(isProxy(a)) - Number(isProxy(b))).map(memberRow);
  const parts = [
    clusterLine(reply),
    columns([head, ...rows], { gap: '   ' }),
    ...optional('Items move:', members.flatMap(moveLine)),
    ...optional('Not in sync:', members.flatMap(unreachableLines)),
    ...optional('The change waits for:', waitsFor),
    section(
      'Last changes:',
      changes.map((change) => changeLine(change, nowMs)),
    ),
  ];
  return parts.join('\n\n');
}

const optional = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [section(title, lines)];

function moveLine(member: MemberStatus): readonly string[] {
  const { name, keysLeft, bytesLeft, keysPerSecond, bytesPerSecond } = member;
  if (keysLeft === 0) return [];
  const keys = `about ${countText(keysLeft)} keys (${sizeText(bytesLeft)})`;
  const left = `${name} has ${keys} left to send`;
  if (keysPerSecond === 0) return [left];
  const pace = `${countText(keysPerSecond)} keys/s, ${sizeText(bytesPerSecond)}/s`;
  return [`${left}: ${pace}, about ${ageText(Math.ceil(keysLeft / keysPerSecond))} more`];
}

const unreachableLines = ({ name, unreachable }: MemberStatus): readonly string[] =>
  unreachable.map((peer) => `${peer} does not take the changes of ${name}, or does not reply`);

function changeLine({ atMs, by, reason }: MembersReply['changes'][number], nowMs: number): string {
  return `${ageText((nowMs - atMs) / 1000)} ago: ${reason} (${by})`;
}

function clusterLine({ cluster, version, replicas, replication, members }: MembersReply): string {
  const copies = replicas === 1 ? 'one copy' : `${replicas} copies`;
  const mode = replicas === 1 ? '' : `, ${replication}`;
  const proxies = members.filter(isProxy).length;
  const proxyText = proxies === 0 ? '' : ` and ${proxies} ${proxies === 1 ? 'proxy' : 'proxies'}`;
  const nodes = `${counted(members.length - proxies, 'node')}${proxyText}`;
  return `Cluster ${cluster}: ${nodes}, ${copies} of each key${mode}. Topology ${version}.`;
}

function memberRow(member: MemberStatus): readonly string[] {
  const { name, address, state, items, bytes, memoryLimitBytes, keysLeft, pid } = member;
  const hasFacts = bytes !== undefined && memoryLimitBytes !== undefined;
  return [
    name,
    address,
    isProxy(member) ? 'proxy' : state,
    items === undefined ? '–' : countText(items),
    hasFacts ? usageText(bytes, memoryLimitBytes) : '–',
    countText(keysLeft),
    `${pid ?? '–'}`,
  ];
}

const section = (title: string, lines: readonly string[]): string =>
  [title, ...lines.map((line) => `  ${line}`)].join('\n');

/** What a change would do (`--dry-run`). */
export function changePlanText(plan: readonly PlannedChange[]): string {
  const rows = plan.map(({ node, action, keys, bytes, seconds }) => [
    node,
    action,
    countText(keys),
    sizeText(bytes),
    `${Math.ceil(seconds)} s`,
  ]);
  const total = plan.reduce((sum, { seconds }) => sum + seconds, 0);
  const table = columns([['node', 'change', 'keys to move', 'bytes', 'takes about'], ...rows], {
    gap: '   ',
  });
  const order = plan.length > 1 ? `In this order, in about ${Math.ceil(total)} s. ` : '';
  return `${table}\n\n${order}The cluster serves all keys in the meantime. Nothing has changed.`;
}

const DONE: Readonly<Record<ChangeAction, string>> = {
  add: 'has joined',
  remove: 'has left',
  replace: 'has taken its place',
  restart: 'has restarted',
};

/** A change of one node that is done. */
export function changedText(changed: Omit<ChangedNode, 'event'>): string {
  const { node, address, action, keysMoved, bytesMoved, ms } = changed;
  const moved = `${counted(keysMoved, 'key')} moved (${sizeText(bytesMoved)})`;
  const seconds = (ms / 1000).toFixed(1);
  return `${node} (${address}) ${DONE[action]}: ${moved} in ${seconds} s`;
}
