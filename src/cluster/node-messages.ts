/** The messages between a supervisor and its nodes. Each side ignores what it does not know. */
import type { ChangeCause, MemberReport } from './node/main-cluster.ts';

/** What a node has. */
export interface NodeFacts {
  readonly items: number;
  /** The memory of the items, with their headers. */
  readonly bytes: number;
  /** `-m`, as it is now. */
  readonly memoryLimitBytes: number;
}

/** How a node keeps its items over a restart. */
export type ItemsEvent =
  | {
      readonly kind: 'saving' | 'restoring';
      readonly items: number;
      /** 0 while it is not known. */
      readonly itemsTotal: number;
      readonly bytes: number;
    }
  | { readonly kind: 'saved'; readonly items: number; readonly bytes: number }
  | { readonly kind: 'not-saved'; readonly reason: string }
  | { readonly kind: 'restored'; readonly items: number; readonly left: number }
  | { readonly kind: 'not-restored'; readonly reason: string };

/** What a node sends. */
type NodeMessage =
  | {
      readonly type: 'listening';
      readonly adminUrl: string | undefined;
      /** The port for other members; 0 for a node that has joined no cluster. */
      readonly peerPort: number;
    }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'items'; readonly event: ItemsEvent }
  | ({ readonly type: 'facts' } & NodeFacts)
  | { readonly type: 'report'; readonly report: MemberReport };

/** The first message to a node of a cluster: who it is. */
export interface JoinOrder {
  readonly type: 'join';
  readonly cluster: string;
  readonly name: string;
  readonly incarnation: number;
  /** Whether it publishes the topology to clients (`config get cluster`). */
  readonly publishes: boolean;
  /** In hexadecimal. */
  readonly secret: string;
}

/** `text`: the encoded topology. */
interface TopologyOrder extends ChangeCause {
  readonly type: 'topology';
  readonly text: string;
}

/**
 * What a supervisor sends. `forRestart`: the node needs its items again, whatever its options say;
 * `discards`: nobody needs them.
 */
export type SupervisorMessage =
  | { readonly type: 'stop'; readonly forRestart: boolean; readonly discards: boolean }
  | { readonly type: 'question' }
  | JoinOrder
  | TopologyOrder;

type Fields = Readonly<Record<string, unknown>>;

/** The message that a node has sent; undefined for another one. */
export function readNodeMessage(message: unknown): NodeMessage | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Fields;
  switch (fields['type']) {
    case 'listening': {
      const { adminUrl } = fields;
      return {
        type: 'listening',
        adminUrl: typeof adminUrl === 'string' ? adminUrl : undefined,
        peerPort: countOf(fields, 'peerPort'),
      };
    }
    case 'failed':
      return { type: 'failed', code: textOf(fields, 'code'), message: textOf(fields, 'message') };
    case 'facts': {
      const [items, bytes] = [countOf(fields, 'items'), countOf(fields, 'bytes')];
      return { type: 'facts', items, bytes, memoryLimitBytes: countOf(fields, 'memoryLimitBytes') };
    }
    case 'items': {
      const event = readEvent(Object(fields['event']) as Fields);
      return event && { type: 'items', event };
    }
    case 'report':
      return { type: 'report', report: readReport(fields) };
  }
  return undefined;
}

/** The order to a member of a cluster; undefined for another message. */
export function readMemberOrder(message: unknown): JoinOrder | TopologyOrder | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Fields;
  switch (fields['type']) {
    case 'join':
      return {
        type: 'join',
        cluster: textOf(fields, 'cluster'),
        name: textOf(fields, 'name'),
        incarnation: countOf(fields, 'incarnation'),
        publishes: fields['publishes'] === true,
        secret: textOf(fields, 'secret'),
      };
    case 'topology':
      return {
        type: 'topology',
        text: textOf(fields, 'text'),
        reason: textOf(fields, 'reason'),
        by: textOf(fields, 'by'),
        atMs: countOf(fields, 'atMs'),
      };
  }
  return undefined;
}

function readReport(fields: Fields): MemberReport {
  const unreachable = fields['unreachable'];
  return {
    name: textOf(fields, 'name'),
    incarnation: countOf(fields, 'incarnation'),
    adopted: countOf(fields, 'adopted'),
    complete: countOf(fields, 'complete'),
    clean: countOf(fields, 'clean'),
    keysMoved: countOf(fields, 'keysMoved'),
    bytesMoved: countOf(fields, 'bytesMoved'),
    keysLeft: countOf(fields, 'keysLeft'),
    bytesLeft: countOf(fields, 'bytesLeft'),
    keysPerSecond: countOf(fields, 'keysPerSecond'),
    bytesPerSecond: countOf(fields, 'bytesPerSecond'),
    unreachable: Array.isArray(unreachable) ? unreachable.map(String) : [],
  };
}

function readEvent(fields: Fields): ItemsEvent | undefined {
  const items = countOf(fields, 'items');
  const bytes = countOf(fields, 'bytes');
  const { kind } = fields;
  switch (kind) {
    case 'saving':
    case 'restoring':
      return { kind, items, itemsTotal: countOf(fields, 'itemsTotal'), bytes };
    case 'saved':
      return { kind, items, bytes };
    case 'restored':
      return { kind, items, left: countOf(fields, 'left') };
    case 'not-saved':
    case 'not-restored':
      return { kind, reason: textOf(fields, 'reason') };
  }
  return undefined;
}

const textOf = (fields: Fields, name: string): string => String(fields[name] ?? '');

function countOf(fields: Fields, name: string): number {
  const count = Number(fields[name] ?? 0);
  return Number.isFinite(count) ? count : 0;
}
