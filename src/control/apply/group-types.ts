/** Groups and users as resources. */
import { authenticationMode } from '../api/model/users.ts';
import { ACCOUNT } from '../model/arn.ts';
import {
  boolean,
  defaulted,
  map,
  object,
  removable,
  replacing,
  required,
  secret,
  tags,
  text,
  texts,
} from './properties.ts';
import {
  type Calls,
  type Change,
  described,
  type ResourceType,
  retag,
  taken,
} from './resource-type.ts';
import { isList, isObject, type JsonObject, wrong } from './template-text.ts';

/** Of resources that are ready as soon as they are there. */
const readyAs = (found: JsonObject | undefined, attributes: (of: JsonObject) => JsonObject) =>
  found && { isReady: true, status: 'active', attributes: attributes(found) };

/** `ModifyCacheParameterGroup` takes so many parameters at once. */
const PARAMETERS_PER_CALL = 20;

const parameterGroupOf = (calls: Calls, id: string) =>
  described(
    calls,
    'DescribeCacheParameterGroups',
    { CacheParameterGroupName: id },
    'CacheParameterGroups',
  );

async function setParameters(
  calls: Calls,
  id: string,
  operation: 'ModifyCacheParameterGroup' | 'ResetCacheParameterGroup',
  parameters: readonly (readonly [string, string])[],
): Promise<void> {
  for (let at = 0; at < parameters.length; at += PARAMETERS_PER_CALL) {
    const some = parameters.slice(at, at + PARAMETERS_PER_CALL);
    await calls(operation, {
      CacheParameterGroupName: id,
      ParameterNameValues: some.map(([ParameterName, ParameterValue]) => {
        return { ParameterName, ParameterValue };
      }),
    });
  }
}

const parametersIn = ({ Properties = {} }: JsonObject): readonly (readonly [string, string])[] =>
  Object.entries(Properties as Readonly<Record<string, string>>);

export const parameterGroup: ResourceType = {
  properties: {
    CacheParameterGroupFamily: replacing(required(text)),
    CacheParameterGroupName: replacing(text),
    Description: replacing(required(text)),
    Properties: map,
    Tags: tags,
  },
  nameProperty: 'CacheParameterGroupName',
  attributes: ['CacheParameterGroupName', 'Arn'],
  create: async (calls, id, properties) => {
    const { Properties: _, ...rest } = properties;
    await calls('CreateCacheParameterGroup', { ...rest, CacheParameterGroupName: id });
  },
  complete: (calls, id, properties) =>
    setParameters(calls, id, 'ModifyCacheParameterGroup', parametersIn(properties)),
  look: async (calls, id) =>
    readyAs(await parameterGroupOf(calls, id), ({ ARN = '' }) => {
      return { CacheParameterGroupName: id, Arn: ARN };
    }),
  update: async (calls, change) => {
    const { id, before, after, changed } = change;
    if (changed.includes('Tags')) {
      await retag(calls, String((await parameterGroupOf(calls, id))?.['ARN']), change);
    }
    const wanted = new Map(parametersIn(after));
    const had = new Map(parametersIn(before));
    const gone = [...had].filter(([name]) => !wanted.has(name));
    await setParameters(calls, id, 'ResetCacheParameterGroup', gone);
    const set = [...wanted].filter(([name, value]) => had.get(name) !== value);
    await setParameters(calls, id, 'ModifyCacheParameterGroup', set);
  },
  remove: async (calls, id) => {
    await calls('DeleteCacheParameterGroup', { CacheParameterGroupName: id });
  },
};

const subnetGroupOf = (calls: Calls, id: string) =>
  described(calls, 'DescribeCacheSubnetGroups', { CacheSubnetGroupName: id }, 'CacheSubnetGroups');

export const subnetGroup: ResourceType = {
  properties: {
    CacheSubnetGroupName: replacing(text),
    Description: required(text),
    SubnetIds: required(texts),
    Tags: tags,
  },
  nameProperty: 'CacheSubnetGroupName',
  attributes: ['Arn'],
  create: async (calls, id, { Description, SubnetIds, Tags }) => {
    await calls('CreateCacheSubnetGroup', {
      CacheSubnetGroupName: id,
      CacheSubnetGroupDescription: Description,
      SubnetIds,
      Tags,
    });
  },
  look: async (calls, id) =>
    readyAs(await subnetGroupOf(calls, id), ({ ARN = '' }) => ({ Arn: ARN })),
  update: async (calls, change) => {
    const { id, after } = change;
    if (change.changed.includes('Tags')) {
      await retag(calls, String((await subnetGroupOf(calls, id))?.['ARN']), change);
    }
    await calls('ModifyCacheSubnetGroup', {
      CacheSubnetGroupName: id,
      CacheSubnetGroupDescription: after['Description'],
      SubnetIds: after['SubnetIds'],
    });
  },
  remove: async (calls, id) => {
    await calls('DeleteCacheSubnetGroup', { CacheSubnetGroupName: id });
  },
};

const securityGroupOf = (calls: Calls, id: string) =>
  described(
    calls,
    'DescribeCacheSecurityGroups',
    { CacheSecurityGroupName: id },
    'CacheSecurityGroups',
  );

export const securityGroup: ResourceType = {
  properties: { Description: replacing(required(text)), Tags: tags },
  attributes: ['Arn'],
  create: async (calls, id, properties) => {
    await calls('CreateCacheSecurityGroup', { ...properties, CacheSecurityGroupName: id });
  },
  look: async (calls, id) =>
    readyAs(await securityGroupOf(calls, id), ({ ARN = '' }) => ({ Arn: ARN })),
  update: async (calls, change) =>
    retag(calls, String((await securityGroupOf(calls, change.id))?.['ARN']), change),
  remove: async (calls, id) => {
    await calls('DeleteCacheSecurityGroup', { CacheSecurityGroupName: id });
  },
};

const ingressOf = (properties: JsonObject) => ({
  EC2SecurityGroupOwnerId: ACCOUNT,
  ...properties,
});

/** It has no name of its own: its properties are what it is. */
export const securityGroupIngress: ResourceType = {
  properties: {
    CacheSecurityGroupName: replacing(required(text)),
    EC2SecurityGroupName: replacing(required(text)),
    EC2SecurityGroupOwnerId: replacing(text),
  },
  attributes: [],
  create: async (calls, _id, properties) => {
    await calls('AuthorizeCacheSecurityGroupIngress', ingressOf(properties));
  },
  update: async () => {},
  remove: async (calls, _id, { properties }) => {
    await calls('RevokeCacheSecurityGroupIngress', ingressOf(properties));
  },
};

const userOf = (calls: Calls, id: string) =>
  described(calls, 'DescribeUsers', { UserId: id }, 'Users');

/** CloudFormation's default. */
const NO_ACCESS = 'off ~* -@all';
const USER_MODIFIED = ['AccessString', 'AuthenticationMode', 'NoPasswordRequired', 'Passwords'];

export const user: ResourceType = {
  properties: {
    AccessString: defaulted(text, NO_ACCESS),
    AuthenticationMode: removable(secret(object(authenticationMode.fields))),
    Engine: replacing(required(text)),
    NoPasswordRequired: removable(boolean),
    Passwords: removable(secret(texts)),
    Tags: tags,
    UserId: replacing(required(text)),
    UserName: replacing(required(text)),
  },
  check: (logical, { AuthenticationMode: mode, Passwords }) => {
    const given = Passwords ?? (isObject(mode) ? mode['Passwords'] : undefined);
    if (isList(given) && given.length > 0) return;
    throw wrong(`${logical} needs Passwords: a user of Memcached has one or two.`);
  },
  nameProperty: 'UserId',
  attributes: ['Arn', 'Status'],
  create: async (calls, id, properties) => {
    const all = { AccessString: NO_ACCESS, ...properties, UserId: id };
    await calls('CreateUser', all);
  },
  look: async (calls, id) => {
    const found = await userOf(calls, id);
    if (found === undefined) return undefined;
    const status = String(found['Status']);
    return { isReady: status === 'active', status, attributes: attributesOf(found) };
  },
  update: async (calls, change) => {
    const { id, after, changed } = change;
    if (changed.includes('Tags')) {
      await retag(calls, String((await userOf(calls, id))?.['ARN']), change);
    }
    const names = USER_MODIFIED.filter((name) => changed.includes(name));
    if (names.length > 0) await calls('ModifyUser', { UserId: id, ...taken(after, names) });
  },
  remove: async (calls, id) => {
    await calls('DeleteUser', { UserId: id });
  },
};

const attributesOf = ({ ARN = '', Status = '' }: JsonObject): JsonObject => ({ Arn: ARN, Status });

const userGroupOf = (calls: Calls, id: string) =>
  described(calls, 'DescribeUserGroups', { UserGroupId: id }, 'UserGroups');

export const userGroup: ResourceType = {
  properties: {
    Engine: replacing(required(text)),
    Tags: tags,
    UserGroupId: replacing(required(text)),
    UserIds: removable(texts),
  },
  nameProperty: 'UserGroupId',
  attributes: ['Arn', 'Status'],
  create: async (calls, id, properties) => {
    await calls('CreateUserGroup', { ...properties, UserGroupId: id });
  },
  look: async (calls, id) => {
    const found = await userGroupOf(calls, id);
    if (found === undefined) return undefined;
    const status = String(found['Status']);
    return { isReady: status === 'active', status, attributes: attributesOf(found) };
  },
  update: async (calls, change: Change) => {
    const { id, before, after, changed } = change;
    if (changed.includes('Tags')) {
      await retag(calls, String((await userGroupOf(calls, id))?.['ARN']), change);
    }
    const ids = ({ UserIds = [] }: JsonObject) => UserIds as readonly string[];
    const added = ids(after).filter((each) => !ids(before).includes(each));
    const gone = ids(before).filter((each) => !ids(after).includes(each));
    if (added.length + gone.length === 0) return;
    await calls('ModifyUserGroup', {
      UserGroupId: id,
      ...(added.length > 0 && { UserIdsToAdd: added }),
      ...(gone.length > 0 && { UserIdsToRemove: gone }),
    });
  },
  remove: async (calls, id) => {
    await calls('DeleteUserGroup', { UserGroupId: id });
  },
};
