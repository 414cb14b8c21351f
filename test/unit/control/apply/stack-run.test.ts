import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/control/api/errors.ts';
import { OPERATIONS, type OperationName } from '../../../../src/control/api/operations.ts';
import type { Calls } from '../../../../src/control/apply/resource-type.ts';
import { newStack, Wish } from '../../../../src/control/apply/stack.ts';
import { StackFile } from '../../../../src/control/apply/stack-file.ts';
import { StackRun } from '../../../../src/control/apply/stack-run.ts';
import { readTemplate } from '../../../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../../../src/control/apply/template-text.ts';
import { childOf, membersOf, parseXml, textOf } from '../../../../src/control/calls/reply-tree.ts';
import { formOf } from '../../../../src/control/calls/request-form.ts';
import { ApiHarness } from '../../../support/control-api.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const group = (description: string, more: JsonObject = {}, attributes: JsonObject = {}) => ({
  Type: 'AWS::ElastiCache::ParameterGroup',
  Properties: { CacheParameterGroupFamily: 'memcached1.6', Description: description, ...more },
  ...attributes,
});
const SIZE = { Properties: { max_item_size: '2097152' } };

const of = (type: string, properties: JsonObject): JsonObject => ({
  Type: `AWS::ElastiCache::${type}`,
  Properties: properties,
});
const USER = { UserId: 'app', UserName: 'app', Engine: 'memcached', AccessString: 'on ~* +@read' };

const OTHER = { UserId: 'other', UserName: 'other' };

class Killed extends Error {}

describe('StackRun', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let api: ApiHarness;
  let file: StackFile;
  /** Runs after each call of these operations. */
  let after: (operation: string) => void;
  beforeEach(async () => {
    folder = await temporaryFolder();
    api = new ApiHarness();
    file = new StackFile(`${folder.path}/shop.stack.json`);
    after = () => {};
  });
  afterEach(async () => {
    file.close();
    await folder.remove();
  });

  const calls: Calls = async (operation: OperationName, input) => {
    const { output } = OPERATIONS[operation];
    const form = formOf(input, OPERATIONS[operation].input).join('&');
    const root = parseXml(api.ask(operation, form).body);
    const error = childOf(root, 'Error');
    after(error === undefined ? operation : `${operation} failed`);
    if (error !== undefined) {
      throw new ApiError(textOf(childOf(error, 'Code')), textOf(childOf(error, 'Message')));
    }
    const result = childOf(root, `${operation}Result`);
    return output === undefined || result === undefined ? {} : membersOf(result, output);
  };

  const apply = async (resources: Json, keepsFailed = false): Promise<void> => {
    const stack = file.read() ?? newStack('shop', 'http://a');
    const run = new StackRun({ calls, file, stack, progress: () => {} });
    const facts = { name: 'shop', region: 'local', given: {} };
    await run.apply(new Wish(readTemplate({ Resources: resources }), facts), { keepsFailed });
  };
  const groups = () =>
    api.state
      .list('parametergroup')
      .map(({ description, values }) => [description, values])
      .sort();
  const resources = () => file.read()!.resources;

  test.each(['CreateCacheParameterGroup', 'ModifyCacheParameterGroup'])(
    'a run that is killed after %s goes on in the next one, with one group',
    async (last) => {
      after = (operation) => {
        if (operation === last) throw new Killed();
      };
      await expect(apply({ A: group('a', SIZE) })).rejects.toThrow(Killed);
      expect(resources()['A']).toMatchObject({ isPending: true });
      after = () => {};
      await apply({ A: group('a', SIZE) });
      expect(groups()).toEqual([['a', SIZE.Properties]]);
      expect(resources()['A']!.isPending).toBeUndefined();
    },
  );

  test('a group of somebody else is neither taken over nor deleted', async () => {
    await calls('CreateCacheParameterGroup', {
      CacheParameterGroupName: 'own',
      CacheParameterGroupFamily: 'memcached1.6',
      Description: 'theirs',
    });
    const wanted = { A: group('a'), B: group('b', { CacheParameterGroupName: 'own' }) };
    await expect(apply(wanted)).rejects.toThrow(/own/);
    expect(groups()).toEqual([['theirs', {}]]);
    expect(resources()).toEqual({});
  });

  test('a replacement whose name is taken leaves the old one as it was', async () => {
    await apply({ A: group('a', { CacheParameterGroupName: 'first' }) });
    await calls('CreateCacheParameterGroup', {
      CacheParameterGroupName: 'second',
      CacheParameterGroupFamily: 'memcached1.6',
      Description: 'theirs',
    });
    const renamed = { A: group('b', { CacheParameterGroupName: 'second' }) };
    await expect(apply(renamed)).rejects.toThrow(/second/);
    expect(groups()).toEqual([
      ['a', {}],
      ['theirs', {}],
    ]);
    expect(file.read()).toMatchObject({ leftovers: [], resources: { A: { id: 'first' } } });
  });

  test('a replaced group goes last, and stays if its UpdateReplacePolicy says so', async () => {
    await apply({ A: group('a') });
    await apply({ A: group('b', {}, { UpdateReplacePolicy: 'Retain' }) });
    expect(groups()).toEqual([['b', {}]]);
    await apply({ A: group('c') });
    expect(groups()).toEqual([
      ['b', {}],
      ['c', {}],
    ]);
    expect(file.read()!.leftovers).toEqual([]);
  });

  test('a change that fails halfway is undone, too', async () => {
    const tags = [{ Key: 'x', Value: '1' }];
    await apply({ A: group('a', { ...SIZE, Tags: tags }) });
    const wrong = { Properties: { max_item_size: 'none' }, Tags: [{ Key: 'y', Value: '2' }] };
    await expect(apply({ A: group('a', wrong) })).rejects.toThrow(/max_item_size/);
    expect(groups()).toEqual([['a', SIZE.Properties]]);
    const arn = String(resources()['A']!.attributes['Arn']);
    const { TagList } = await calls('ListTagsForResource', { ResourceName: arn });
    expect(TagList).toEqual(tags);
  });

  test('groups, users and who may connect are created, changed in place and deleted', async () => {
    const all = (subnet: string, access: string, password: string, users: Json) => ({
      Sub: of('SubnetGroup', { Description: 'd', SubnetIds: [subnet] }),
      In: of('SecurityGroupIngress', {
        CacheSecurityGroupName: { Ref: 'Sec' },
        EC2SecurityGroupName: 'web',
      }),
      Sec: of('SecurityGroup', { Description: 'd' }),
      App: of('User', { ...USER, AccessString: access, Passwords: [password] }),
      Other: of('User', { ...USER, ...OTHER, Passwords: ['sixteen-letters-3'] }),
      Team: of('UserGroup', { UserGroupId: 'team', Engine: 'memcached', UserIds: users }),
    });
    await apply(all('subnet-1', 'on ~* +@read', 'sixteen-letters-1', [{ Ref: 'App' }]));
    expect(api.state.list('securitygroup')).toMatchObject([{ sources: ['000000000000/web'] }]);
    const ids = Object.values(resources()).map(({ id }) => id);
    await apply(all('subnet-2', 'on ~* +@all', 'sixteen-letters-2', [{ Ref: 'Other' }]));
    expect(Object.values(resources()).map(({ id }) => id)).toEqual(ids);
    expect(api.state.list('subnetgroup')).toMatchObject([{ subnets: ['subnet-2'] }]);
    const { Users } = await calls('DescribeUsers', { UserId: 'app' });
    expect(Users).toMatchObject([{ AccessString: 'on ~* +@all' }]);
    const { UserGroups } = await calls('DescribeUserGroups', { UserGroupId: 'team' });
    expect(UserGroups).toMatchObject([{ UserIds: ['other'] }]);
    await new StackRun({ calls, file, stack: file.read()!, progress: () => {} }).remove();
    expect(api.state.list('securitygroup')).toEqual([]);
    expect(api.state.list('subnetgroup')).toEqual([]);
    expect(await calls('DescribeUserGroups', {})).toEqual({ UserGroups: [] });
    expect(file.read()).toBeUndefined();
  });

  const user = (properties: JsonObject) => ({
    Type: 'AWS::ElastiCache::User',
    Properties: { UserId: 'app', UserName: 'app', Engine: 'memcached', ...properties },
  });
  /** Fails after another one: nobody can have it. */
  const broken = (DependsOn: string) => {
    return group('x', { Properties: { max_item_size: 'none' } }, { DependsOn });
  };
  const old = user({ Passwords: ['old-password-1234'] });
  const changed = user({ Passwords: ['new-password-1234'] });
  const calledBy = async (resources: Json): Promise<readonly string[]> => {
    const called: string[] = [];
    after = (operation) => void called.push(operation);
    await apply(resources);
    return called;
  };

  test('a password that the undo cannot set back is set by the next run', async () => {
    await apply({ App: old });
    await expect(apply({ App: changed, Broken: broken('App') })).rejects.toThrow(/max_item_size/);
    expect(await calledBy({ App: old })).toContain('ModifyUser');
    expect(await calledBy({ App: old })).toEqual([]);
  });

  test('a password is set again after a run that was killed while it was changed', async () => {
    await apply({ App: old });
    after = (operation) => {
      if (operation === 'ModifyUser') throw new Killed();
    };
    await expect(apply({ App: changed })).rejects.toThrow(Killed);
    expect(await calledBy({ App: old })).toContain('ModifyUser');
  });

  test('a password with the escape of a NUL is a hash, too', async () => {
    await apply({ App: user({ Passwords: ['sixteen-letters-\\u0000'] }) });
    expect(JSON.stringify(file.read())).not.toContain('sixteen-letters');
  });

  const clusterOf = (NumCacheNodes: number) =>
    of('CacheCluster', {
      ClusterName: 'Web',
      Engine: 'memcached',
      CacheNodeType: 'slabring.64x1',
      NumCacheNodes,
    });
  const web = clusterOf(1);
  const modify = () => {
    api.state.put('cluster', 'web', { ...api.state.get('cluster', 'web')!, status: 'modifying' });
  };
  const settling = (...operations: readonly string[]) => {
    after = (operation) => {
      if (operations.includes(operation)) api.settle('web');
    };
  };

  test('a property that the template no longer has gets its default', async () => {
    settling('CreateCacheCluster', 'ModifyCacheCluster');
    const grouped = of('CacheCluster', {
      ...(web['Properties'] as JsonObject),
      CacheParameterGroupName: { Ref: 'A' },
    });
    await apply({ A: group('a'), Web: grouped });
    await apply({ A: group('a'), Web: web });
    expect(api.state.get('cluster', 'web')!.parameterGroup).toBe('default.memcached1.6');
    await expect(apply({ A: group('a'), Web: grouped, Broken: broken('Web') })).rejects.toThrow();
    expect(api.state.get('cluster', 'web')!.parameterGroup).toBe('default.memcached1.6');
  });

  test('a cluster that is changing is deleted once it can be', async () => {
    settling('CreateCacheCluster');
    await apply({ Web: web });
    modify();
    after = (operation) => {
      if (operation === 'DeleteCacheCluster failed') api.settle('web');
      if (operation === 'DeleteCacheCluster') api.state.remove('cluster', 'web');
    };
    await new StackRun({ calls, file, stack: file.read()!, progress: () => {} }).remove();
    expect(api.state.list('cluster')).toEqual([]);
  });

  test('a cluster that is changing is waited for before its change is undone', async () => {
    settling('CreateCacheCluster');
    await apply({ Web: web });
    let looks = 0;
    after = (operation) => {
      if (operation === 'ModifyCacheParameterGroup failed') {
        modify();
        looks = 1;
      }
      // The second look still sees it change.
      if (operation === 'DescribeCacheClusters' && looks > 0 && looks++ === 2) api.settle('web');
      if (operation === 'ModifyCacheCluster') api.settle('web');
    };
    const wanted = { Web: clusterOf(2), Broken: broken('Web') };
    await expect(apply(wanted)).rejects.toThrow(/max_item_size/);
    expect(api.state.get('cluster', 'web')!.nodes).toHaveLength(1);
  });

  test('a killed creation goes on, whatever the case of the name', async () => {
    after = () => {
      throw new Killed();
    };
    await expect(apply({ Web: web })).rejects.toThrow(Killed);
    api.settle('web');
    after = () => {};
    await apply({ Web: web });
    expect(resources()['Web']).toMatchObject({ id: 'web' });
  });

  test('a second process does not get the file, and learns who has it', () => {
    const held = `Another slabring apply (process ${process.pid} of ${hostname()}) has`;
    expect(() => new StackFile(file.path)).toThrow(held);
  });

  test('the lock of a process that was killed is taken, unless it is of another machine', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const lock = `${file.path}.lock`;
    writeFileSync(lock, `process ${pid} of ${hostname()}.other`);
    expect(() => new StackFile(file.path)).toThrow(/Another slabring apply/);
    writeFileSync(lock, `process ${pid} of ${hostname()}`);
    new StackFile(file.path).close();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
