/** Where the keys of a cluster are, as a ring in SVG; pure. */
import { firstTopology, KeyGroups } from '../../topology/index.ts';
import { type Html, html } from './html.ts';

interface RingNode {
  /** `0001` and so on. */
  readonly id: string;
  /** `host:port`: the ring hashes it. */
  readonly address: string;
}

/** The ring is drawn in so many pieces; the shares are exact. */
const PIECES = 720;
const POINTS = 2 ** 32;
/** Nodes have so many colours, then again from the first. */
export const COLOURS = 8;

const SIZE = 200;
const OUTER = 96;
const INNER = 74;

interface Ring {
  readonly picture: Html;
  /** The share of the keys that each node answers for, in the order of the nodes. */
  readonly shares: readonly number[];
}

/** Which node answers for which keys, when all of them serve. */
export function groupsOf(nodes: readonly RingNode[], replicas: number): KeyGroups {
  const members = nodes.map(({ id, address }, at) => ({
    name: `node-${Number(id)}`,
    address,
    // Another one for each: the ring does not use it.
    peerAddress: `peer.invalid:${at + 1}`,
    ...{ weight: 1, zone: '', incarnation: 1 },
  }));
  const copies = Math.min(replicas, Math.max(1, nodes.length));
  const settings = { cluster: 'ring', replicas: copies, replication: 'async' } as const;
  return KeyGroups.of(firstTopology(settings, members));
}

export function ringOf(nodes: readonly RingNode[], replicas: number, label: string): Ring {
  const { arcs } = groupsOf(nodes, replicas);
  const shares = nodes.map(() => 0);
  const pieces: number[] = [];
  let from = 0;
  for (const { last, group } of arcs) {
    shares[group.primary]! += (last + 1 - from) / POINTS;
    const end = Math.round(((last + 1) / POINTS) * PIECES);
    while (pieces.length < end) pieces.push(group.primary);
    from = last + 1;
  }
  // The keys above the last arc are those of the first.
  const first = arcs[0]!.group.primary;
  shares[first]! += (POINTS - from) / POINTS;
  while (pieces.length < PIECES) pieces.push(first);
  return { shares, picture: picture(nodes, pieces, label) };
}

function picture(nodes: readonly RingNode[], pieces: readonly number[], label: string): Html {
  const paths = nodes.map(({ id }, node) => {
    return html`<path class="n${node % COLOURS}" data-node="${id}" d="${pathOf(pieces, node)}" />`;
  });
  const middle = SIZE / 2;
  return html`<svg class="ring" viewBox="0 0 ${SIZE} ${SIZE}" role="img" aria-label="${label}">
${paths}<text x="${middle}" y="${middle - 2}" class="ring-count">${nodes.length}</text><text
 x="${middle}" y="${middle + 16}" class="ring-what">${nodes.length === 1 ? 'node' : 'nodes'}</text>
</svg>`;
}

/** The pieces of one node, those beside each other as one. */
function pathOf(pieces: readonly number[], node: number): string {
  if (pieces.every((each) => each === node)) return fullRing();
  const parts: string[] = [];
  for (let at = 0; at < pieces.length; ) {
    let end = at + 1;
    while (end < pieces.length && pieces[end] === pieces[at]) end++;
    if (pieces[at] === node) parts.push(pieceOf(at, end));
    at = end;
  }
  return parts.join('');
}

function pieceOf(from: number, to: number): string {
  const isLarge = (to - from) * 2 > PIECES ? 1 : 0;
  return (
    `M${pointAt(from, OUTER)}A${OUTER} ${OUTER} 0 ${isLarge} 1 ${pointAt(to, OUTER)}` +
    `L${pointAt(to, INNER)}A${INNER} ${INNER} 0 ${isLarge} 0 ${pointAt(from, INNER)}Z`
  );
}

const fullRing = (): string => pieceOf(0, PIECES / 2) + pieceOf(PIECES / 2, PIECES);

function pointAt(piece: number, radius: number): string {
  const angle = (piece / PIECES) * 2 * Math.PI - Math.PI / 2;
  const place = (part: number): string => (SIZE / 2 + radius * part).toFixed(1);
  return `${place(Math.cos(angle))} ${place(Math.sin(angle))}`;
}
