/** The users of a node, and the authenticator that checks their logins. */

export type { UserSources } from './load-users.ts';
export { escapeUser, type LoginFailureReport, LoginLog } from './login-log.ts';
export { makeScrypt, scryptText } from './scrypt.ts';
export { UserAuthenticator } from './user-authenticator.ts';
export { editRole, editUserFile, parseUserFile } from './user-file.ts';
export { UserFileWatcher } from './user-file-watcher.ts';
export { USER_FILE_BYTES_MAX, type User, type UserTable } from './users.ts';
