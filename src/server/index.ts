/** One node: its threads, sockets, sessions and logins. */
export { editUserFile, makeScrypt, parseUserFile, type User } from './auth/index.ts';
export type { ListenAddress } from './listen-address.ts';
export { asSentence, createLogger } from './log.ts';
export { type NodeHandle, startNode } from './node.ts';
export { defaultServerOptions, type ServerOptions, serverFlags, serverRules } from './options.ts';
