/** One node: its shared memory, its threads, its control and its life cycle. */
export { asSentence, createLogger, type LogOptions } from './log.ts';
export { type NodeHandle, startNode } from './node.ts';
export { defaultServerOptions, type ServerOptions, serverFlags } from './options/server-flags.ts';
export { serverRules } from './options/server-rules.ts';
