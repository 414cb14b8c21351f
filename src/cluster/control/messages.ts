import {
  CHANGE_ACTIONS,
  type ChangeEvent,
  type ChangeRequest,
  type MembersReply,
} from '../changes/change-events.ts';
import type { ChangeCause } from '../node/main-cluster.ts';
import type { RestartEvent, RestartRequest } from '../rolling-restart.ts';

/** The longest request or reply on the socket of a supervisor, in bytes. */
export const LINE_BYTES_MAX = 64 * 1024;
/** The longest pause between two nodes. */
export const PAUSE_SECONDS_MAX = 3600;
/** The most options that a change gives to nodes. */
const OPTIONS_MAX = 100;

/** A process of the same user that becomes a proxy of the cluster while its connection is open. */
export interface ProxyRequest {
  readonly name: string;
  readonly address: string;
  readonly incarnation: number;
  readonly pid: number;
}

/** What a process needs to be a member: who can read it may read and change all items. */
export interface ClusterIdentity {
  readonly event: 'identity';
  readonly cluster: string;
  readonly publishes: boolean;
  /** In hexadecimal; another one after each start of the supervisor. */
  readonly secret: string;
}

export type ControlRequest =
  | { readonly verb: 'status' }
  | { readonly verb: 'members' }
  | { readonly verb: 'identity' }
  | ({ readonly verb: 'follow' } & ProxyRequest)
  | ({ readonly verb: 'change' } & ChangeRequest)
  /** Gives up the change under way. */
  | { readonly verb: 'cancel'; readonly dryRun: boolean }
  | ({ readonly verb: 'restart' } & RestartRequest);

/** What a supervisor tells of a node. */
interface NodeStatus {
  readonly node: string;
  /** As clients know it. */
  readonly address: string;
  readonly pid: number | undefined;
  readonly isUp: boolean;
}

export interface ClusterStatus {
  readonly event: 'status';
  /** The process of the supervisor. */
  readonly pid: number;
  /** The name of the cluster; absent if an older version of slabring supervises it. */
  readonly name?: string;
  readonly nodes: readonly NodeStatus[];
}

export type ControlReply =
  | RestartEvent
  | ClusterStatus
  | ChangeEvent
  | MembersReply
  /** `what`: such as `remove node-2`. After a dry run it goes on. */
  | { readonly event: 'given-up'; readonly what: string }
  | ClusterIdentity
  | ({ readonly event: 'topology'; readonly text: string } & ChangeCause)
  | { readonly event: 'refused'; readonly reason: string };

/** The request in a line; undefined for another one. */
export function readRequest(line: string): ControlRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const fields = Object(parsed) as Fields;
  switch (fields['verb']) {
    case 'status':
      return { verb: 'status' };
    case 'members':
      return { verb: 'members' };
    case 'identity':
      return { verb: 'identity' };
    case 'follow':
      return readFollow(fields);
    case 'change':
      return readChange(fields);
    case 'cancel':
      return { verb: 'cancel', dryRun: fields['dryRun'] === true };
    case 'restart':
      return readRestart(fields);
  }
  return undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const nameIn = ({ node }: Fields): string | undefined =>
  node === undefined ? undefined : String(node);

function readFollow(fields: Fields): ControlRequest | undefined {
  const { name, address, incarnation, pid } = fields;
  if (typeof name !== 'string' || typeof address !== 'string') return undefined;
  if (!Number.isSafeInteger(incarnation) || !Number.isSafeInteger(pid)) return undefined;
  const numbers = { incarnation: incarnation as number, pid: pid as number };
  return { verb: 'follow', name, address, ...numbers };
}

function readRestart(fields: Fields): ControlRequest | undefined {
  const { dryRun, pauseMs = 0 } = fields;
  const isWhole = typeof pauseMs === 'number' && pauseMs >= 0 && pauseMs <= PAUSE_SECONDS_MAX * 1e3;
  if (!isWhole) return undefined;
  return { verb: 'restart', node: nameIn(fields), dryRun: dryRun === true, pauseMs };
}

function readChange(fields: Fields): ControlRequest | undefined {
  const { dryRun, memoryLimitBytes, options } = fields;
  const action = CHANGE_ACTIONS.find((each) => each === fields['action']);
  const isSize = memoryLimitBytes === undefined || Number.isSafeInteger(memoryLimitBytes);
  if (action === undefined || !isSize || !areOptions(options)) return undefined;
  return {
    verb: 'change',
    action,
    node: nameIn(fields),
    dryRun: dryRun === true,
    memoryLimitBytes: memoryLimitBytes as number | undefined,
    options,
  };
}

const areOptions = (value: unknown): value is readonly string[] | undefined =>
  value === undefined ||
  (Array.isArray(value) &&
    value.length <= OPTIONS_MAX &&
    value.every((each) => typeof each === 'string' && each.startsWith('--')));
