import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const PASSWORD = 'a-long-password-1';
const USER = 'UserId=App&UserName=app&Engine=memcached';
const READER = `${USER}&AccessString=on ~* %2B@read&Passwords.member.1=${PASSWORD}`;

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
});
const users = (members = '') => textsIn(api.ask('DescribeUsers', members).body, 'UserId');

describe('users', () => {
  test('a user has a login with one or two passwords, which nobody sees again', () => {
    const { body } = api.ask('CreateUser', READER);
    expect(textsIn(body, 'UserId')).toEqual(['app']);
    expect(body).not.toContain(PASSWORD);
    const two = `&Passwords.member.1=${PASSWORD}&Passwords.member.2=${PASSWORD}-new`;
    expect(textsIn(api.ask('ModifyUser', `UserId=app${two}`).body, 'PasswordCount')).toEqual(['2']);
    expect(api.state.get('user', 'app')!.secrets.join()).toMatch(/^\$scrypt\$.*,\$scrypt\$/);
  });

  test('more may be added to an access string', () => {
    api.ask('CreateUser', READER);
    const { body } = api.ask('ModifyUser', 'UserId=app&AppendAccessString=%2B@write');
    expect(textsIn(body, 'AccessString')).toEqual(['on ~* +@read +@write']);
  });

  test('a list is filtered by name, by group and by engine', () => {
    api.ask('CreateUser', READER);
    api.ask('CreateUser', READER.replace('App', 'other'));
    const named = 'Filters.member.1.Name=user-name&Filters.member.1.Values.member.1=app';
    expect(users(named)).toEqual(['app', 'other']);
    expect(users(named.replace('user-name', 'user-id'))).toEqual(['app']);
    expect(users('Engine=redis')).toEqual([]);
    expect(api.codeOf('DescribeUsers', named.replace('user-name', 'x'))).toBe(
      'InvalidParameterValue',
    );
  });

  test.each([
    [READER.replace('App', '1'), 'InvalidParameterValue'],
    [READER.replace('=app', '=slabring-manager'), 'InvalidParameterValue'],
    [READER.replace('=memcached', '=redis'), 'InvalidParameterValue'],
    [READER.replace('~*', '~app:*'), 'InvalidParameterValue'],
    [READER.replace(PASSWORD, 'short'), 'InvalidParameterValue'],
    [`${READER}&Passwords.member.2=${PASSWORD}`, 'InvalidParameterValue'],
    [`${READER}&NoPasswordRequired=true`, 'InvalidParameterCombination'],
    [`${READER}&AuthenticationMode.Type=iam`, 'InvalidParameterCombination'],
    [READER.replace(/&Passwords.*/, ''), 'InvalidParameterCombination'],
  ])('%s is %s', (members, code) => {
    expect(api.codeOf('CreateUser', members)).toBe(code);
    expect(users()).toEqual([]);
  });
});

describe('user groups', () => {
  const group = 'UserGroupId=team&Engine=memcached&UserIds.member.1=app';
  beforeEach(() => {
    api.ask('CreateUser', READER);
  });

  test('a group has users of different names', () => {
    expect(api.codeOf('CreateUserGroup', group)).toBe('200');
    expect(textsIn(api.ask('DescribeUsers').body, 'UserGroupIds')).toEqual([]);
    expect(api.ask('DescribeUsers').body).toContain('<UserGroupIds><member>team</member>');
    api.ask('CreateUser', READER.replace('App', 'twin'));
    const add = 'UserGroupId=team&UserIdsToAdd.member.1=twin';
    expect(api.codeOf('ModifyUserGroup', add)).toBe('DuplicateUserName');
    const swap = `${add}&UserIdsToRemove.member.1=app`;
    expect(api.ask('ModifyUserGroup', swap).body).toContain('<member>twin</member>');
    expect(api.codeOf('ModifyUserGroup', swap)).toBe('UserNotFound');
    expect(api.codeOf('ModifyUserGroup', 'UserGroupId=team')).toBe('InvalidParameterCombination');
  });

  test('a change of a user reaches the clusters of its group', () => {
    api.ask('CreateUserGroup', group);
    const tag = 'Tags.Tag.1.Key=slabring:user-group&Tags.Tag.1.Value=team';
    const web = 'CacheClusterId=web&CacheNodeType=slabring.64x1&NumCacheNodes=1';
    expect(api.codeOf('CreateCacheCluster', `${web}&${tag}`)).toBe('200');
    api.changed.length = 0;
    api.ask('ModifyUser', 'UserId=app&AccessString=off');
    expect(api.changed).toEqual(['web']);
    expect(api.codeOf('DeleteUserGroup', 'UserGroupId=team')).toBe('InvalidUserGroupState');
    expect(api.codeOf('DeleteUser', 'UserId=app')).toBe('InvalidUserState');
    api.state.remove('cluster', 'web');
    expect(textsIn(api.ask('DeleteUserGroup', 'UserGroupId=team').body, 'Status')).toEqual([
      'deleting',
    ]);
    expect(api.codeOf('DeleteUser', 'UserId=app')).toBe('200');
    expect(api.codeOf('CreateCacheCluster', `${web}&${tag}`)).toBe('UserGroupNotFound');
  });
});
