/** The client's half of the protocol room. `index.ts` exports the server's half. */
export { BinaryDialect } from './binary/binary-client.ts';
export type { Dialect } from './client/dialect.ts';
export { MalformedReply, Reply, type ReplyStatus } from './client/reply.ts';
export { ReplyInput } from './client/reply-input.ts';
export {
  type CountRequest,
  type DeleteRequest,
  type FetchRequest,
  type GetManyRequest,
  type GetRequest,
  keysOf,
  type Request,
  type StoreMode,
  type StoreRequest,
  type TouchRequest,
} from './client/request.ts';
export { ClassicDialect } from './text/classic-client.ts';
export { MetaDialect } from './text/meta-client.ts';
