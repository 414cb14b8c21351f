/** Tags of resources. */
import { ApiError, invalidValue } from '../api/errors.ts';
import { parseArn } from '../model/arn.ts';
import type { TaggedKind } from '../model/records.ts';
import type { Tags } from '../state/state-file.ts';
import type { Context, Handlers } from './context.ts';

const TAGS_MAX = 50;
const KEY_LENGTH_MAX = 128;
const VALUE_LENGTH_MAX = 256;
/** A cluster with this tag holds each key so many times; ElastiCache has no such member. */
const REPLICAS_TAG = 'slabring:replicas';
/** A cluster with this tag has the users of the group; ElastiCache has no such member. */
export const USER_GROUP_TAG = 'slabring:user-group';
export const REPLICAS_MAX = 3;

type TagMembers = readonly {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}[];

/** @throws {ApiError} `InvalidParameterValue` or `TagQuotaPerResourceExceeded` */
export function tagsFrom(members: TagMembers | undefined): Tags {
  const tags: Record<string, string> = {};
  for (const { Key: key = '', Value: value = '' } of members ?? []) {
    if (key === '' || key.length > KEY_LENGTH_MAX || value.length > VALUE_LENGTH_MAX) {
      throw invalidValue(
        `The key of a tag has 1 to ${KEY_LENGTH_MAX} characters, and its value at most ` +
          `${VALUE_LENGTH_MAX}.`,
      );
    }
    if (/^aws:/i.test(key)) throw invalidValue('The keys of tags may not begin with aws:.');
    if (Object.hasOwn(tags, key)) throw invalidValue(`The tag ${key} is given twice.`);
    // Not by assignment: a key may be `__proto__`.
    Object.defineProperty(tags, key, { value, enumerable: true, configurable: true });
  }
  checkCount(tags);
  return tags;
}

/** How many nodes hold each key of a cluster with these tags. */
export function replicasOf(tags: Tags, nodes: number): number {
  const text = tags[REPLICAS_TAG];
  if (text === undefined) return 1;
  const replicas = /^[1-9]$/.test(text) ? Number(text) : Number.NaN;
  if (replicas <= Math.min(REPLICAS_MAX, nodes)) return replicas;
  throw invalidValue(
    `The tag ${REPLICAS_TAG} is ${text}; it must be 1 to ${REPLICAS_MAX}, and not more than ` +
      'there are nodes.',
  );
}

function checkCount(tags: Tags): void {
  if (Object.keys(tags).length <= TAGS_MAX) return;
  const text = `A resource has at most ${TAGS_MAX} tags.`;
  throw new ApiError('TagQuotaPerResourceExceeded', text);
}

const NOT_FOUND: Readonly<Record<TaggedKind, string>> = {
  cluster: 'CacheClusterNotFound',
  parametergroup: 'CacheParameterGroupNotFound',
  subnetgroup: 'CacheSubnetGroupNotFoundFault',
  securitygroup: 'CacheSecurityGroupNotFound',
  snapshot: 'SnapshotNotFoundFault',
  user: 'UserNotFound',
  usergroup: 'UserGroupNotFound',
  serverlesscache: 'ServerlessCacheNotFoundFault',
  serverlesscachesnapshot: 'ServerlessCacheSnapshotNotFoundFault',
};

const isKind = (text: string): text is TaggedKind => Object.hasOwn(NOT_FOUND, text);

/** @throws {ApiError} `InvalidARN`, or that there is no such resource. */
function resourceOf(
  name: string,
  { state }: Context,
): { readonly kind: TaggedKind; readonly id: string } {
  const arn = parseArn(name);
  if (arn === undefined || !isKind(arn.kind)) {
    throw new ApiError('InvalidARN', 'ResourceName is not the ARN of a resource of ElastiCache.');
  }
  const { kind, id } = arn;
  if (state.get(kind, id) !== undefined) return { kind, id };
  throw new ApiError(NOT_FOUND[kind], `There is no resource ${name}.`);
}

const listed = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const tagHandlers = {
  AddTagsToResource: ({ ResourceName, Tags }, context) => {
    const { kind, id } = resourceOf(ResourceName, context);
    const added = tagsFrom(Tags);
    const tags = { ...context.state.tagsOf(kind, id), ...added };
    checkCount(tags);
    context.state.setTags(kind, id, tags);
    return { TagList: listed(tags) };
  },
  ListTagsForResource: ({ ResourceName }, context) => {
    const { kind, id } = resourceOf(ResourceName, context);
    return { TagList: listed(context.state.tagsOf(kind, id)) };
  },
  RemoveTagsFromResource: ({ ResourceName, TagKeys }, context) => {
    const { kind, id } = resourceOf(ResourceName, context);
    const tags = context.state.tagsOf(kind, id);
    const missing = TagKeys.find((key) => !Object.hasOwn(tags, key));
    if (missing !== undefined) throw new ApiError('TagNotFound', `There is no tag ${missing}.`);
    const left = Object.entries(tags).filter(([key]) => !TagKeys.includes(key));
    context.state.setTags(kind, id, Object.fromEntries(left));
    return { TagList: listed(Object.fromEntries(left)) };
  },
} satisfies Handlers;
