import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import { ApiError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';
import type { ApiClient } from '../calls/api-client.ts';
import type { Property } from './properties.ts';
import { isList, type Json, type JsonObject } from './template-text.ts';

/** Calls an operation with members that the model checks at the manager. */
export type Calls = (
  operation: OperationName,
  input: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>;

export const callsOf =
  (api: ApiClient): Calls =>
  async (operation, input) =>
    ((await api.call(operation, input as never)) ?? {}) as Readonly<Record<string, unknown>>;

export interface Change {
  readonly id: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
  /** The names of the properties that differ. */
  readonly changed: readonly string[];
}

/** A type of resources: its properties, and its operations. */
export interface ResourceType {
  readonly properties: Readonly<Record<string, Property>>;
  /**
   * Refuses properties that no call takes.
   * @throws {CodedError} `ERR_TEMPLATE`
   */
  readonly check?: (logical: string, properties: JsonObject) => void;
  /** The property that names it; without one each gets a name of its own. */
  readonly nameProperty?: string;
  /** What `Fn::GetAtt` may ask for. */
  readonly attributes: readonly string[];
  readonly create: (calls: Calls, id: string, properties: JsonObject) => Promise<void>;
  /** The rest of a creation that takes several calls. */
  readonly complete?: (calls: Calls, id: string, properties: JsonObject) => Promise<void>;
  /** What it is now; undefined: it does not exist. Without it, it is what it was made. */
  readonly look?: (calls: Calls, id: string) => Promise<Seen | undefined>;
  readonly update: (calls: Calls, change: Change) => Promise<void>;
  readonly remove: (calls: Calls, id: string, removal: Removal) => Promise<void>;
  /** The members by which `remove` takes a last snapshot. */
  readonly snapshotMember?: string;
}

interface Removal {
  readonly properties: JsonObject;
  /** The members that ask for a last snapshot. */
  readonly snapshot: JsonObject;
}

interface Seen {
  /** Whether it can be used, and changed. */
  readonly isReady: boolean;
  readonly status: string;
  readonly attributes: JsonObject;
}

const WAIT_MS_MAX = 600_000;
/** What changes is waited for, so long. */
const BUSY_MS_MAX = 300_000;
const LOOK_MS = 200;

/** Resolves with the attributes of a resource once it is ready. */
export async function untilReady(
  type: ResourceType,
  calls: Calls,
  id: string,
): Promise<JsonObject> {
  const late = AbortSignal.timeout(WAIT_MS_MAX);
  if (type.look === undefined) return {};
  for (;;) {
    const seen = await type.look(calls, id);
    if (seen === undefined) throw new CodedError('ERR_STACK', `${id} is gone.`);
    if (seen.isReady) return seen.attributes;
    if (/fail/.test(seen.status)) throw new CodedError('ERR_STACK', `${id} is ${seen.status}.`);
    if (late.aborted) throw notInTime(id, seen.status);
    await pause(LOOK_MS);
  }
}

/** Resolves once there is no such resource. */
export async function untilGone(type: ResourceType, calls: Calls, id: string): Promise<void> {
  const late = AbortSignal.timeout(WAIT_MS_MAX);
  for (;;) {
    const seen = await type.look?.(calls, id);
    if (seen === undefined) return;
    if (late.aborted) throw notInTime(id, seen.status);
    await pause(LOOK_MS);
  }
}

/** Repeats a call that a cluster refuses because it is being created, changed or deleted. */
export async function onceIdle(call: () => Promise<void>): Promise<void> {
  const late = AbortSignal.timeout(BUSY_MS_MAX);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isBusy(error) || late.aborted) throw error;
    }
    await pause(LOOK_MS);
  }
}

const notInTime = (id: string, status: string): CodedError =>
  new CodedError('ERR_STACK', `${id} is ${status} after ${WAIT_MS_MAX / 1000} s.`);

/** The first of a list that an operation describes; undefined if it says that there is none. */
export async function described(
  calls: Calls,
  operation: OperationName,
  input: Readonly<Record<string, unknown>>,
  member: string,
): Promise<JsonObject | undefined> {
  try {
    const list = (await calls(operation, input))[member] as Json | undefined;
    return isList(list) ? (list[0] as JsonObject | undefined) : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && /NotFound/.test(error.code);
export const isTaken = (error: unknown): boolean =>
  error instanceof ApiError && /AlreadyExists/.test(error.code);
const isBusy = (error: unknown): boolean =>
  error instanceof ApiError &&
  ['InvalidCacheClusterState', 'InvalidServerlessCacheStateFault'].includes(error.code);

/** Makes the tags of a resource those of `after`. */
export async function retag(calls: Calls, arn: string, { before, after }: Change): Promise<void> {
  const keys = (properties: JsonObject): readonly string[] =>
    ((properties['Tags'] ?? []) as readonly JsonObject[]).map(({ Key }) => String(Key));
  const gone = keys(before).filter((key) => !keys(after).includes(key));
  if (gone.length > 0) {
    await calls('RemoveTagsFromResource', { ResourceName: arn, TagKeys: gone });
  }
  const { Tags } = after;
  if (isList(Tags) && Tags.length > 0) {
    await calls('AddTagsToResource', { ResourceName: arn, Tags });
  }
}

/** The members of a call that are properties of the same name. */
export const taken = (properties: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])),
  );
