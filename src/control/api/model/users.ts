import { boolean, integer, list, oneOf, required, structure, text } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';

export const authenticationMode = structure({
  Type: oneOf('password', 'no-password-required', 'iam'),
  Passwords: list('member', text),
});

const authentication = structure({
  Type: oneOf('password', 'no-password', 'iam'),
  PasswordCount: integer,
});

const filter = structure({
  Name: text,
  Values: list('member', text),
});

const user = structure({
  UserId: text,
  UserName: text,
  Status: text,
  Engine: text,
  MinimumEngineVersion: text,
  AccessString: text,
  UserGroupIds: list('member', text),
  Authentication: authentication,
  ARN: text,
});

const userGroupPendingChanges = structure({
  UserIdsToRemove: list('member', text),
  UserIdsToAdd: list('member', text),
});

const userGroup = structure({
  UserGroupId: text,
  Status: text,
  Engine: text,
  UserIds: list('member', text),
  MinimumEngineVersion: text,
  PendingChanges: userGroupPendingChanges,
  ReplicationGroups: list('member', text),
  ServerlessCaches: list('member', text),
  ARN: text,
});

export const USERS_OPERATIONS = {
  CreateUser: operation({
    input: {
      UserId: required(text),
      UserName: required(text),
      Engine: required(text),
      Passwords: list('member', text),
      AccessString: required(text),
      NoPasswordRequired: boolean,
      Tags: list('Tag', tag),
      AuthenticationMode: authenticationMode,
    },
    output: {
      UserId: text,
      UserName: text,
      Status: text,
      Engine: text,
      MinimumEngineVersion: text,
      AccessString: text,
      UserGroupIds: list('member', text),
      Authentication: authentication,
      ARN: text,
    },
    errors: [
      'UserAlreadyExists',
      'UserQuotaExceeded',
      'DuplicateUserName',
      'ServiceLinkedRoleNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'TagQuotaPerResourceExceeded',
    ],
  }),
  DescribeUsers: operation({
    input: {
      Engine: text,
      UserId: text,
      Filters: list('member', filter),
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Users: list('member', user),
      Marker: text,
    },
    errors: ['UserNotFound', 'ServiceLinkedRoleNotFoundFault', 'InvalidParameterCombination'],
  }),
  ModifyUser: operation({
    input: {
      UserId: required(text),
      AccessString: text,
      AppendAccessString: text,
      Passwords: list('member', text),
      NoPasswordRequired: boolean,
      AuthenticationMode: authenticationMode,
      Engine: text,
    },
    output: {
      UserId: text,
      UserName: text,
      Status: text,
      Engine: text,
      MinimumEngineVersion: text,
      AccessString: text,
      UserGroupIds: list('member', text),
      Authentication: authentication,
      ARN: text,
    },
    errors: [
      'UserNotFound',
      'InvalidUserState',
      'ServiceLinkedRoleNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DeleteUser: operation({
    input: {
      UserId: required(text),
    },
    output: {
      UserId: text,
      UserName: text,
      Status: text,
      Engine: text,
      MinimumEngineVersion: text,
      AccessString: text,
      UserGroupIds: list('member', text),
      Authentication: authentication,
      ARN: text,
    },
    errors: [
      'InvalidUserState',
      'UserNotFound',
      'ServiceLinkedRoleNotFoundFault',
      'InvalidParameterValue',
      'DefaultUserAssociatedToUserGroup',
    ],
  }),
  CreateUserGroup: operation({
    input: {
      UserGroupId: required(text),
      Engine: required(text),
      UserIds: list('member', text),
      Tags: list('Tag', tag),
    },
    output: {
      UserGroupId: text,
      Status: text,
      Engine: text,
      UserIds: list('member', text),
      MinimumEngineVersion: text,
      PendingChanges: userGroupPendingChanges,
      ReplicationGroups: list('member', text),
      ServerlessCaches: list('member', text),
      ARN: text,
    },
    errors: [
      'UserNotFound',
      'DuplicateUserName',
      'UserGroupAlreadyExists',
      'ServiceLinkedRoleNotFoundFault',
      'DefaultUserRequired',
      'UserGroupQuotaExceeded',
      'InvalidParameterValue',
      'TagQuotaPerResourceExceeded',
    ],
  }),
  DescribeUserGroups: operation({
    input: {
      UserGroupId: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      UserGroups: list('member', userGroup),
      Marker: text,
    },
    errors: ['UserGroupNotFound', 'ServiceLinkedRoleNotFoundFault', 'InvalidParameterCombination'],
  }),
  ModifyUserGroup: operation({
    input: {
      UserGroupId: required(text),
      UserIdsToAdd: list('member', text),
      UserIdsToRemove: list('member', text),
      Engine: text,
    },
    output: {
      UserGroupId: text,
      Status: text,
      Engine: text,
      UserIds: list('member', text),
      MinimumEngineVersion: text,
      PendingChanges: userGroupPendingChanges,
      ReplicationGroups: list('member', text),
      ServerlessCaches: list('member', text),
      ARN: text,
    },
    errors: [
      'UserGroupNotFound',
      'UserNotFound',
      'DuplicateUserName',
      'ServiceLinkedRoleNotFoundFault',
      'DefaultUserRequired',
      'InvalidUserGroupState',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DeleteUserGroup: operation({
    input: {
      UserGroupId: required(text),
    },
    output: {
      UserGroupId: text,
      Status: text,
      Engine: text,
      UserIds: list('member', text),
      MinimumEngineVersion: text,
      PendingChanges: userGroupPendingChanges,
      ReplicationGroups: list('member', text),
      ServerlessCaches: list('member', text),
      ARN: text,
    },
    errors: [
      'UserGroupNotFound',
      'InvalidUserGroupState',
      'ServiceLinkedRoleNotFoundFault',
      'InvalidParameterValue',
    ],
  }),
} as const;
