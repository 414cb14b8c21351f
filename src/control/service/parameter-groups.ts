/** Groups of parameters, and the defaults of each family. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import type { OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import { groupName } from '../model/cluster-rules.ts';
import { FAMILIES } from '../model/engine.ts';
import { withGroupValues } from '../model/group-values.ts';
import { NODE_TYPES } from '../model/node-types.ts';
import {
  PARAMETERS,
  type Parameter,
  type ParameterValues,
  parameterNamed,
  whyContradictory,
  whyInvalid,
} from '../model/parameters.ts';
import type { ParameterGroupRecord } from '../model/records.ts';
import { checkFits, save as saveCluster, typeOf } from './cluster-lookups.ts';
import type { Context, Handlers } from './context.ts';
import { pageIn } from './paging.ts';
import { tagsFrom } from './tags.ts';

/** A Modify or Reset takes so many parameters. */
const PARAMETERS_MAX = 20;
const GROUPS_MAX = 300;
const DEFAULT = 'default.';

type Shown = NonNullable<
  OutputOf<(typeof OPERATIONS)['DescribeCacheParameters']>['Parameters']
>[number];

/** The default groups are in no table: they are the families. */
const DEFAULT_GROUPS: readonly ParameterGroupRecord[] = FAMILIES.map((family) => ({
  name: `${DEFAULT}${family}`,
  family,
  description: `Default parameter group for ${family}`,
  values: {},
}));

/**
 * The name of the group of a cluster, by default that of its family.
 * @throws {ApiError} `CacheParameterGroupNotFound` or `InvalidParameterCombination`
 */
export function parameterGroup(name: string | undefined, family: string, context: Context): string {
  const group = groupOf(name ?? `${DEFAULT}${family}`, context);
  if (group.family === family) return group.name;
  throw invalidCombination(`The group ${group.name} is for ${group.family}, not for ${family}.`);
}

/** The values of a group that differ from the defaults. */
export const groupValues = (name: string, { state }: Context): ParameterValues =>
  state.get('parametergroup', name)?.values ?? {};

/** @throws {ApiError} `CacheParameterGroupNotFound` */
function groupOf(name: string, { state }: Context): ParameterGroupRecord {
  const id = name.toLowerCase();
  const found =
    DEFAULT_GROUPS.find((group) => group.name === id) ?? state.get('parametergroup', id);
  if (found !== undefined) return found;
  throw new ApiError('CacheParameterGroupNotFound', `CacheParameterGroup not found: ${name}`);
}

export const parameterGroupHandlers = {
  CreateCacheParameterGroup: (input, context) => {
    const { state } = context;
    const name = groupName('CacheParameterGroupName', input.CacheParameterGroupName);
    const family = familyOf(input.CacheParameterGroupFamily);
    if (state.get('parametergroup', name) !== undefined || isDefault(name)) {
      const text = `The cache parameter group ${name} exists already.`;
      throw new ApiError('CacheParameterGroupAlreadyExists', text);
    }
    if (state.count('parametergroup') >= GROUPS_MAX) {
      const text = `There are ${GROUPS_MAX} cache parameter groups already: delete one.`;
      throw new ApiError('CacheParameterGroupQuotaExceeded', text);
    }
    const group = { name, family, description: input.Description, values: {} };
    state.put('parametergroup', name, group);
    state.setTags('parametergroup', name, tagsFrom(input.Tags));
    return { CacheParameterGroup: groupView(group, context) };
  },

  DescribeCacheParameterGroups: (input, context) => {
    if (input.CacheParameterGroupName !== undefined) {
      const group = groupOf(input.CacheParameterGroupName, context);
      return { CacheParameterGroups: [groupView(group, context)] };
    }
    const all = [...DEFAULT_GROUPS, ...context.state.list('parametergroup')];
    all.sort((a, b) => (a.name < b.name ? -1 : 1));
    const { records, ...rest } = pageIn(input, ({ name }) => name, all);
    return { ...rest, CacheParameterGroups: records.map((group) => groupView(group, context)) };
  },

  DescribeCacheParameters: (input, context) => {
    const { values } = groupOf(input.CacheParameterGroupName, context);
    const shown = PARAMETERS.filter((parameter) => hasSource(parameter, values, input.Source));
    const { records, ...rest } = pageIn(input, ({ name }) => name, shown);
    const byType = input.Source === undefined || input.Source === 'system';
    return {
      ...rest,
      Parameters: records.map((parameter) => parameterView(parameter, values)),
      CacheNodeTypeSpecificParameters: byType ? TYPE_PARAMETERS : [],
    };
  },

  ModifyCacheParameterGroup: (input, context) => {
    const group = ownGroup(input.CacheParameterGroupName, context);
    const given = pairs(input.ParameterNameValues);
    const values = { ...group.values, ...Object.fromEntries(given) };
    save({ ...group, values }, context);
    return { CacheParameterGroupName: group.name };
  },

  ResetCacheParameterGroup: (input, context) => {
    const group = ownGroup(input.CacheParameterGroupName, context);
    const named = new Set((input.ParameterNameValues ?? []).map((each) => each.ParameterName));
    if (input.ResetAllParameters !== true && named.size === 0) {
      throw invalidCombination('Give ResetAllParameters, or the parameters to reset.');
    }
    const left = Object.entries(group.values).filter(([name]) => !named.has(name));
    const values = input.ResetAllParameters === true ? {} : Object.fromEntries(left);
    save({ ...group, values }, context);
    return { CacheParameterGroupName: group.name };
  },

  DeleteCacheParameterGroup: (input, context) => {
    const { state } = context;
    const { name } = ownGroup(input.CacheParameterGroupName, context);
    const user = state.list('cluster').find((cluster) => cluster.parameterGroup === name);
    if (user !== undefined) {
      const text = `The cluster ${user.id} uses the group ${name}.`;
      throw new ApiError('InvalidCacheParameterGroupState', text);
    }
    state.remove('parametergroup', name);
    return undefined;
  },

  DescribeEngineDefaultParameters: (input) => {
    const family = familyOf(input.CacheParameterGroupFamily);
    const { records, ...rest } = pageIn(input, ({ name }: Parameter) => name, PARAMETERS);
    return {
      EngineDefaults: {
        ...rest,
        CacheParameterGroupFamily: family,
        Parameters: records.map((parameter) => parameterView(parameter, {})),
        CacheNodeTypeSpecificParameters: TYPE_PARAMETERS,
      },
    };
  },
} satisfies Handlers;

const isDefault = (name: string): boolean => name.startsWith(DEFAULT);

function familyOf(name: string): string {
  if (FAMILIES.includes(name)) return name;
  throw invalidValue(
    `The family ${name} does not exist: it must be one of ${FAMILIES.join(', ')}.`,
  );
}

/** @throws {ApiError} for a default group, which nobody changes. */
function ownGroup(name: string, context: Context): ParameterGroupRecord {
  const group = groupOf(name, context);
  if (!isDefault(group.name)) return group;
  const text = `The group ${group.name} is a default one, and cannot be changed or deleted.`;
  throw new ApiError('InvalidCacheParameterGroupState', text);
}

/** A change reaches all clusters that use the group. */
function save(group: ParameterGroupRecord, context: Context): void {
  const { state, tell } = context;
  const contradiction = whyContradictory(group.values);
  if (contradiction !== undefined) throw invalidCombination(contradiction);
  state.put('parametergroup', group.name, group);
  tell('cache-parameter-group', group.name, `Updated parameter group ${group.name}`);
  for (const cluster of state.list('cluster')) {
    if (cluster.parameterGroup !== group.name) continue;
    checkFits(typeOf(cluster.pending.nodeType ?? cluster.nodeType), group.values);
    saveCluster(withGroupValues(cluster, group.values), context);
  }
}

type NameValues = readonly {
  readonly ParameterName?: string | undefined;
  readonly ParameterValue?: string | undefined;
}[];

function pairs(given: NameValues): readonly (readonly [string, string])[] {
  if (given.length === 0 || given.length > PARAMETERS_MAX) {
    throw invalidValue(`Give 1 to ${PARAMETERS_MAX} parameters at a time.`);
  }
  return given.map(({ ParameterName: name = '', ParameterValue: value = '' }) => {
    const parameter = parameterNamed(name);
    if (parameter === undefined)
      throw invalidValue(`There is no parameter '${name.slice(0, 100)}'.`);
    const why = whyInvalid(parameter, value);
    if (why !== undefined) throw invalidValue(why);
    return [name, value] as const;
  });
}

const isUsers = (name: string, values: Readonly<Record<string, string>>): boolean =>
  Object.hasOwn(values, name);

function hasSource(
  { name }: Parameter,
  values: ParameterGroupRecord['values'],
  source: string | undefined,
): boolean {
  if (source === undefined) return true;
  return source === (isUsers(name, values) ? 'user' : 'system');
}

function parameterView(parameter: Parameter, values: ParameterGroupRecord['values']): Shown {
  const { name, type, allowed, change, description } = parameter;
  return {
    ParameterName: name,
    ParameterValue: isUsers(name, values) ? values[name] : parameter.default,
    Description: description,
    Source: isUsers(name, values) ? 'user' : 'system',
    DataType: type,
    AllowedValues: allowed,
    IsModifiable: change !== undefined,
    MinimumEngineVersion: '1.4.5',
    ChangeType: change ?? 'requires-reboot',
  };
}

const TYPE_PARAMETERS = [
  {
    name: 'max_cache_memory',
    description: 'The memory of a node for items, in megabytes.',
    amountOf: ({ memoryMib }: (typeof NODE_TYPES)[number]) => memoryMib,
  },
  {
    name: 'num_threads',
    description: 'The threads of a node that serve clients.',
    amountOf: ({ threads }: (typeof NODE_TYPES)[number]) => threads,
  },
].map(({ name, description, amountOf }) => ({
  ParameterName: name,
  Description: description,
  Source: 'system',
  DataType: 'integer',
  IsModifiable: false,
  MinimumEngineVersion: '1.4.5',
  CacheNodeTypeSpecificValues: NODE_TYPES.map((type) => ({
    CacheNodeType: type.name,
    Value: String(amountOf(type)),
  })),
  ChangeType: 'requires-reboot' as const,
}));

const groupView = ({ name, family, description }: ParameterGroupRecord, { region }: Context) => ({
  CacheParameterGroupName: name,
  CacheParameterGroupFamily: family,
  Description: description,
  IsGlobal: false,
  ARN: arnOf(region, { kind: 'parametergroup', id: name }),
});
