/** The sockets, sessions and logins of one node. */
export {
  editRole,
  editUserFile,
  escapeUser,
  type LoginFailureReport,
  LoginLog,
  makeScrypt,
  parseUserFile,
  scryptText,
  USER_FILE_BYTES_MAX,
  type User,
  UserAuthenticator,
  UserFileWatcher,
  type UserSources,
  type UserTable,
} from './auth/index.ts';
export {
  type ClusterSeat,
  type ForwardedRun,
  type KeptChanges,
  PLACE,
  type SessionCluster,
  type Throttle,
} from './session/cluster-seat.ts';
export { createSessionContext } from './session/context.ts';
export { FastServing } from './session/fast-serving.ts';
export { PeerSession } from './session/peer-session.ts';
export { type RequestObserver, RequestSamples } from './session/request-samples.ts';
export { RequestWalk } from './session/request-walk.ts';
export { SlowRequests } from './session/slow-requests.ts';
export { BufferBudget } from './sockets/buffer-budget.ts';
export { ConnectionTable } from './sockets/connection-table.ts';
export { type ListenAddress, listenAddressOf } from './sockets/listen-address.ts';
export { listenAddressesOf, THREADS_SHARE_PORT, usableAddresses } from './sockets/listeners.ts';
export { OutputBuffers } from './sockets/output.ts';
export { startAlone } from './sockets/port-claim.ts';
export { RefusalLog } from './sockets/refusal-log.ts';
export { ThreadBuffers } from './sockets/thread-buffers.ts';
export type { ThreadContext } from './sockets/thread-context.ts';
export { heapBuffers, regionBuffers, THREAD_REGION_BYTES } from './sockets/thread-region.ts';
export { ThreadServer } from './sockets/thread-server.ts';
export {
  type Certificates,
  certificateExpiry,
  listenerOptions,
  newTicketKeys,
  readCertificates,
} from './sockets/tls.ts';
export {
  adoptSocket,
  connectSocket,
  READ_BUFFER_BYTES,
  type Transport,
  type TransportEvents,
  WRITTEN,
} from './sockets/transport.ts';
export type { EventFeed, Watcher } from './sockets/watcher.ts';
