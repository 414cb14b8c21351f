/** The protocol room's other door: what a client needs of it. */
export { BinaryDialect } from './binary/binary-client.ts';
export type { Dialect } from './client/dialect.ts';
export { MalformedReply, type Progress, Reply, type ReplyStatus } from './client/reply.ts';
export { ReplyInput } from './client/reply-input.ts';
export {
  type CountRequest,
  type DeleteRequest,
  type FetchRequest,
  type FetchTerms,
  type GetManyRequest,
  type GetRequest,
  keysOf,
  type LoginRequest,
  type Request,
  type StoreMode,
  type StoreRequest,
  type TouchRequest,
  type Verb,
} from './client/request.ts';
export { ClassicDialect } from './text/classic-client.ts';
export { MetaDialect } from './text/meta-client.ts';
