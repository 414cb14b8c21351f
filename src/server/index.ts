/** The sockets, sessions and logins of one node. */
export type { Authenticator, LoginRules } from './auth/authenticator.ts';
export {
  editUserFile,
  escapeUser,
  type LoginFailureReport,
  LoginLog,
  loadUsers,
  makeScrypt,
  parseUserFile,
  type User,
  UserAuthenticator,
  UserFileWatcher,
  type UserSources,
  type UserTable,
} from './auth/index.ts';
export { createSessionContext, type SessionRules } from './session/context.ts';
export type { EventFeed, ThreadContext, Watcher } from './sockets/connection.ts';
export { ConnectionTable } from './sockets/connection-table.ts';
export {
  checkAddress,
  type ListenAddress,
  listenAddressesOf,
  THREADS_SHARE_PORT,
} from './sockets/listeners.ts';
export { ThreadServer } from './sockets/thread-server.ts';
export { type Certificates, newTicketKeys, readCertificates } from './sockets/tls.ts';
export { READ_BUFFER_BYTES } from './sockets/transport.ts';
