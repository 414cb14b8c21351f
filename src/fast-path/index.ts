/** Answers simple requests in WebAssembly, on the memory of the store. */
export type { FastCopies } from './fast-copies.ts';
export { FastPath, NOTED_REPLIES_MAX, STAGED_BYTES_MAX } from './fast-path.ts';
export type { FastWalk } from './fast-walk.ts';
export { loadModule } from './module.ts';
