/** The protocol room's other door: what a client needs of it. */
export {
  encodeLine,
  encodeStore,
  type FetchedItem,
  MalformedReply,
  type Reply,
  ReplyReader,
  type ReplyShape,
  type StoreWord,
} from './text/classic-client.ts';
