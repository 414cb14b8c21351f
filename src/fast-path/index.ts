/** Answers simple requests in WebAssembly, on the memory of the store. */
export { FastPath } from './fast-path.ts';
export { loadModule } from './module.ts';
