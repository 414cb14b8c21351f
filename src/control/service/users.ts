/** Users: the logins of the nodes of clusters that have their group. */
import { scryptText } from '../../server/index.ts';
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import type { InputOf, OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { whyNoAccessString } from '../model/access-string.ts';
import { arnOf } from '../model/arn.ts';
import { MANAGER_USER } from '../model/names.ts';
import type { UserRecord } from '../model/records.ts';
import type { Context, Handlers } from './context.ts';
import { pageOf } from './paging.ts';
import { tagsFrom } from './tags.ts';
import { checkEngine, groupChanged, groupsOf, identifier, userOf } from './user-lookups.ts';

const USERS_MAX = 1000;
/** So a new password is valid before the old one goes. Source: ElastiCache. */
const PASSWORDS_MAX = 2;
const PASSWORD = /^[\x21-\x7e]{16,128}$/;
const NAME = /^[a-zA-Z][a-zA-Z0-9_.@-]{0,119}$/;

type Create = InputOf<(typeof OPERATIONS)['CreateUser']>;
type Modify = InputOf<(typeof OPERATIONS)['ModifyUser']>;
type Shown = OutputOf<(typeof OPERATIONS)['CreateUser']>;

export const userHandlers = {
  CreateUser: (input, context) => {
    const { state } = context;
    const user = newUser(input);
    if (state.get('user', user.id) !== undefined) {
      throw new ApiError('UserAlreadyExists', `The user ${user.id} exists already.`);
    }
    if (state.count('user') >= USERS_MAX) {
      throw new ApiError('UserQuotaExceeded', `There are ${USERS_MAX} users already: delete one.`);
    }
    state.put('user', user.id, user);
    state.setTags('user', user.id, tagsFrom(input.Tags));
    return userView(user, context);
  },

  DescribeUsers: (input, context) => {
    if (input.UserId !== undefined) {
      return { Users: [userView(userOf(input.UserId, context), context)] };
    }
    const isWanted = filterOf(input, context);
    const { records, ...rest } = pageOf(
      input,
      ({ id }: UserRecord) => id,
      (after, limit) => context.state.list('user', after).filter(isWanted).slice(0, limit),
    );
    return { ...rest, Users: records.map((user) => userView(user, context)) };
  },

  ModifyUser: (input, context) => {
    const user = userOf(input.UserId, context);
    const accessString = accessStringAfter(user, input);
    const changed = { ...user, accessString, secrets: secretsOf(input) ?? user.secrets };
    context.state.put('user', user.id, changed);
    for (const group of groupsOf(user.id, context)) groupChanged(group, context);
    return userView(changed, context);
  },

  DeleteUser: (input, context) => {
    const user = userOf(input.UserId, context);
    const [group] = groupsOf(user.id, context);
    if (group !== undefined) {
      const text = `The user ${user.id} is in the group ${group.id}: take it out first.`;
      throw new ApiError('InvalidUserState', text);
    }
    const shown = { ...userView(user, context), Status: 'deleting' };
    context.state.remove('user', user.id);
    return shown;
  },
} satisfies Handlers;

function newUser(input: Create): UserRecord {
  checkEngine(input.Engine);
  const id = identifier('UserId', input.UserId);
  const { UserName: name, AccessString: accessString } = input;
  if (!NAME.test(name) || name === MANAGER_USER) {
    throw invalidValue(
      'UserName must begin with a letter, and have at most 120 letters, digits, and the signs ' +
        '_ . @ and -.',
    );
  }
  checkAccessString(accessString);
  const secrets = secretsOf(input);
  if (secrets === undefined) {
    throw invalidCombination('A user of Memcached needs Passwords, one or two of them.');
  }
  return { id, name, accessString, secrets };
}

function checkAccessString(text: string): void {
  const why = whyNoAccessString(text);
  if (why !== undefined) throw invalidValue(why);
}

function accessStringAfter({ accessString }: UserRecord, input: Modify): string {
  checkEngine(input.Engine);
  const { AccessString: text, AppendAccessString: more } = input;
  if (text !== undefined && more !== undefined) {
    throw invalidCombination('Give AccessString or AppendAccessString.');
  }
  const after = text ?? (more === undefined ? accessString : `${accessString} ${more}`);
  checkAccessString(after);
  return after;
}

/** The hashes of the passwords of a request; undefined: it has none. */
function secretsOf(input: Create | Modify): readonly string[] | undefined {
  const { AuthenticationMode: mode, NoPasswordRequired: isOpen, Passwords } = input;
  if (isOpen === true || (mode?.Type !== undefined && mode.Type !== 'password')) {
    throw invalidCombination('A user of Memcached logs in with a password.');
  }
  if (Passwords !== undefined && mode?.Passwords !== undefined) {
    throw invalidCombination('Give the passwords in Passwords or in AuthenticationMode.');
  }
  const passwords = Passwords ?? mode?.Passwords;
  if (passwords === undefined) return undefined;
  const isValid = passwords.every((password) => PASSWORD.test(password));
  const areFew = passwords.length >= 1 && passwords.length <= PASSWORDS_MAX;
  if (!isValid || !areFew || new Set(passwords).size < passwords.length) {
    throw invalidValue(
      'A user has one or two passwords, which differ, each of 16 to 128 characters of ASCII ' +
        'without blanks.',
    );
  }
  return passwords.map((password) => scryptText(Buffer.from(password)));
}

type List = InputOf<(typeof OPERATIONS)['DescribeUsers']>;

/** Which users a listing has. */
function filterOf({ Engine, Filters }: List, context: Context): (user: UserRecord) => boolean {
  const isOther = Engine !== undefined && Engine.toLowerCase() !== 'memcached';
  const valuesOf: Readonly<Record<string, (user: UserRecord) => readonly string[]>> = {
    'user-id': ({ id }) => [id],
    'user-name': ({ name }) => [name],
    'user-group-id': ({ id }) => groupsOf(id, context).map((group) => group.id),
  };
  const filters = (Filters ?? []).map(({ Name = '', Values = [] }) => {
    const read = Object.hasOwn(valuesOf, Name) ? valuesOf[Name]! : undefined;
    if (read === undefined) {
      throw invalidValue(`The filters are ${Object.keys(valuesOf).join(', ')}.`);
    }
    return { read, values: Values };
  });
  return (user) =>
    !isOther &&
    filters.every(({ read, values }) => read(user).some((value) => values.includes(value)));
}

function userView(user: UserRecord, context: Context): Shown {
  const { id, name, accessString, secrets } = user;
  return {
    UserId: id,
    UserName: name,
    Status: 'active',
    Engine: 'memcached',
    MinimumEngineVersion: '1.6',
    AccessString: accessString,
    UserGroupIds: groupsOf(id, context).map((group) => group.id),
    Authentication: { Type: 'password', PasswordCount: secrets.length },
    ARN: arnOf(context.region, { kind: 'user', id }),
  };
}
