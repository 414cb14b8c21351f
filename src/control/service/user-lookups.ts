/** What operations of users and of their groups look up and check. */
import { ApiError, invalidValue } from '../api/errors.ts';
import { everyCluster, type UserGroupRecord, type UserRecord } from '../model/records.ts';
import type { Context } from './context.ts';

const ID = /^[a-z][a-z0-9-]{0,39}$/;

/** @throws {ApiError} `UserNotFound` */
export function userOf(id: string, { state }: Context): UserRecord {
  const user = state.get('user', id.toLowerCase());
  if (user !== undefined) return user;
  throw new ApiError('UserNotFound', `There is no user ${id}.`);
}

/** @throws {ApiError} `InvalidParameterValue`; returns the id in lower case. */
export function identifier(member: string, text: string): string {
  const id = text.toLowerCase();
  if (ID.test(id)) return id;
  throw invalidValue(
    `${member} must begin with a letter, and have at most 40 letters, digits and hyphens.`,
  );
}

export function checkEngine(engine: string | undefined): void {
  if (engine === undefined || engine.toLowerCase() === 'memcached') return;
  throw invalidValue(`Engine is ${engine}; it must be memcached.`);
}

/** The groups that a user is in. */
export const groupsOf = (userId: string, { state }: Context): readonly UserGroupRecord[] =>
  state.list('usergroup').filter(({ userIds }) => userIds.includes(userId));

/** The nodes of its clusters get the users of now. */
export function groupChanged(group: UserGroupRecord, context: Context): void {
  for (const { id } of clustersOf(group, context)) context.changed(id);
}

/** The nodes of a serverless cache are among them: its proxy has the users. */
export const clustersOf = ({ id }: UserGroupRecord, { state }: Context) =>
  everyCluster(state).filter(({ userGroup, proxy }) => (proxy?.userGroup ?? userGroup) === id);
