/** Who may log in, and how that is found out. */
export { LoginLog, type LoginNews } from './login-log.ts';
export { makeScrypt } from './scrypt.ts';
export { editUserFile, parseUserFile } from './user-file.ts';
export { loadUsers, type UserSources } from './user-files.ts';
export { UserGate } from './user-gate.ts';
export { UserKeeper } from './user-keeper.ts';
export type { User, UserTable } from './users.ts';
