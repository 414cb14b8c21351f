import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/control/apply/template-text.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { cluster, group, resource, StackHarness, user } from '../../../support/stack-harness.ts';

const SIZE = { Properties: { max_item_size: '2097152' } };
const OTHER = { UserId: 'other', UserName: 'other', Passwords: ['sixteen-letters-3'] };

class Killed extends Error {}

describe('StackRun', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let stack: StackHarness;
  beforeEach(async () => {
    folder = await temporaryFolder();
    stack = new StackHarness(folder.path);
  });
  afterEach(async () => {
    stack.file.close();
    await folder.remove();
  });

  test.each(['CreateCacheParameterGroup', 'ModifyCacheParameterGroup'])(
    'a run that is killed after %s goes on in the next one, with one group',
    async (last) => {
      stack.after = (operation) => {
        if (operation === last) throw new Killed();
      };
      await expect(stack.apply({ A: group('a', SIZE) })).rejects.toThrow(Killed);
      expect(stack.resources['A']).toMatchObject({ isPending: true });
      stack.after = () => {};
      await stack.apply({ A: group('a', SIZE) });
      expect(stack.groups()).toEqual([['a', SIZE.Properties]]);
      expect(stack.resources['A']!.isPending).toBeUndefined();
    },
  );

  test('a group of somebody else is neither taken over nor deleted', async () => {
    await stack.calls('CreateCacheParameterGroup', {
      CacheParameterGroupName: 'own',
      CacheParameterGroupFamily: 'memcached1.6',
      Description: 'theirs',
    });
    const wanted = { A: group('a'), B: group('b', { CacheParameterGroupName: 'own' }) };
    await expect(stack.apply(wanted)).rejects.toThrow(/own/);
    expect(stack.groups()).toEqual([['theirs', {}]]);
    expect(stack.resources).toEqual({});
  });

  test('a replacement whose name is taken leaves the old one as it was', async () => {
    await stack.apply({ A: group('a', { CacheParameterGroupName: 'first' }) });
    await stack.calls('CreateCacheParameterGroup', {
      CacheParameterGroupName: 'second',
      CacheParameterGroupFamily: 'memcached1.6',
      Description: 'theirs',
    });
    const renamed = { A: group('b', { CacheParameterGroupName: 'second' }) };
    await expect(stack.apply(renamed)).rejects.toThrow(/second/);
    expect(stack.groups()).toEqual([
      ['a', {}],
      ['theirs', {}],
    ]);
    expect(stack.file.read()).toMatchObject({ leftovers: [], resources: { A: { id: 'first' } } });
  });

  test('a replaced group goes last, and stays if its UpdateReplacePolicy says so', async () => {
    await stack.apply({ A: group('a') });
    await stack.apply({ A: group('b', {}, { UpdateReplacePolicy: 'Retain' }) });
    expect(stack.groups()).toEqual([['b', {}]]);
    await stack.apply({ A: group('c') });
    expect(stack.groups()).toEqual([
      ['b', {}],
      ['c', {}],
    ]);
    expect(stack.file.read()!.leftovers).toEqual([]);
  });

  test('groups, users and who may connect are created, changed in place and deleted', async () => {
    const all = (subnet: string, access: string, password: string, users: Json) => ({
      Sub: resource('SubnetGroup', { Description: 'd', SubnetIds: [subnet] }),
      In: resource('SecurityGroupIngress', {
        CacheSecurityGroupName: { Ref: 'Sec' },
        EC2SecurityGroupName: 'web',
      }),
      Sec: resource('SecurityGroup', { Description: 'd' }),
      App: user({ AccessString: access, Passwords: [password] }),
      Other: user(OTHER),
      Team: resource('UserGroup', { UserGroupId: 'team', Engine: 'memcached', UserIds: users }),
    });
    await stack.apply(all('subnet-1', 'on ~* +@read', 'sixteen-letters-1', [{ Ref: 'App' }]));
    const sources = ['000000000000/web'];
    expect(stack.api.state.list('securitygroup')).toMatchObject([{ sources }]);
    const ids = Object.values(stack.resources).map(({ id }) => id);
    await stack.apply(all('subnet-2', 'on ~* +@all', 'sixteen-letters-2', [{ Ref: 'Other' }]));
    expect(Object.values(stack.resources).map(({ id }) => id)).toEqual(ids);
    expect(stack.api.state.list('subnetgroup')).toMatchObject([{ subnets: ['subnet-2'] }]);
    const { Users } = await stack.calls('DescribeUsers', { UserId: 'app' });
    expect(Users).toMatchObject([{ AccessString: 'on ~* +@all' }]);
    const { UserGroups } = await stack.calls('DescribeUserGroups', { UserGroupId: 'team' });
    expect(UserGroups).toMatchObject([{ UserIds: ['other'] }]);
    await stack.remove();
    expect(stack.api.state.list('securitygroup')).toEqual([]);
    expect(stack.api.state.list('subnetgroup')).toEqual([]);
    expect(await stack.calls('DescribeUserGroups', {})).toEqual({ UserGroups: [] });
    expect(stack.file.read()).toBeUndefined();
  });

  test('a password is set again after a run that was killed while it was changed', async () => {
    const old = user({ Passwords: ['old-password-1234'] });
    await stack.apply({ App: old });
    stack.after = (operation) => {
      if (operation === 'ModifyUser') throw new Killed();
    };
    const changed = user({ Passwords: ['new-password-1234'] });
    await expect(stack.apply({ App: changed })).rejects.toThrow(Killed);
    expect(await stack.calledBy({ App: old })).toContain('ModifyUser');
  });

  test('a password with the escape of a NUL is a hash, too', async () => {
    await stack.apply({ App: user({ Passwords: ['sixteen-letters-\\u0000'] }) });
    expect(JSON.stringify(stack.file.read())).not.toContain('sixteen-letters');
  });

  test('a cluster that is changing is deleted once it can be', async () => {
    stack.settleAfter('CreateCacheCluster');
    await stack.apply({ Web: cluster() });
    stack.modify();
    stack.after = (operation) => {
      if (operation === 'DeleteCacheCluster failed') stack.api.settle('web');
      if (operation === 'DeleteCacheCluster') stack.api.state.remove('cluster', 'web');
    };
    await stack.remove();
    expect(stack.api.state.list('cluster')).toEqual([]);
  });

  test('a killed creation goes on, whatever the case of the name', async () => {
    stack.after = () => {
      throw new Killed();
    };
    await expect(stack.apply({ Web: cluster() })).rejects.toThrow(Killed);
    stack.api.settle('web');
    stack.after = () => {};
    await stack.apply({ Web: cluster() });
    expect(stack.resources['Web']).toMatchObject({ id: 'web' });
  });
});
