/** Who may log in, and how that is found out. */
export { makeScrypt } from './scrypt.ts';
export { parseUserFile, showUserFile } from './user-file.ts';
export { loadUsers, type UserSources, watchUsers } from './user-files.ts';
export { UserGate } from './user-gate.ts';
export type { User, UserTable } from './users.ts';
