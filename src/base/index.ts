/** General code that knows nothing of caches: this room imports no other room. */
export { assert } from './assert.ts';
export { ByteSink } from './byte-sink.ts';
export { BufferView, copyBytes, copyViewed, equalBytes, type ViewedBytes } from './bytes.ts';
export { type Clock, machineClock, threadClock } from './clock.ts';
export { CodedError } from './coded-error.ts';
export { counted } from './counted.ts';
export { writeDecimal64 } from './decimal.ts';
export { fileReason } from './file-reason.ts';
export { murmur3 } from './hash.ts';
export { type HashKey, halfSipHash, randomHashKey } from './keyed-hash.ts';
export { decodeLine, encodeLine, logLine, textLines, visible } from './log/log-record.ts';
export type { LogRing } from './log/log-ring.ts';
export { LevelLogger, LOG_LEVELS, type Logger, type LogLevel, silentLogger } from './log/logger.ts';
export { ProcessLog } from './log/process-log.ts';
export { isLoopback } from './loopback.ts';
export { type Numbers, named } from './named-numbers.ts';
export { requireNode } from './node-version.ts';
export {
  type AnyFlag,
  defaultsOf,
  defaultText,
  envNames,
  type Flag,
  type FlagTable,
  longName,
  takesValue,
  toArguments,
} from './options/flag.ts';
export {
  bytes,
  choice,
  count,
  flag,
  integer,
  list,
  number,
  octal,
  suboptions,
  text,
} from './options/kinds.ts';
export type { Option, OptionTable, ValuesOf } from './options/option.ts';
export { ineffectiveOptions, type Rule, resolveOptions, type Sources } from './options/resolve.ts';
export { formatSize } from './options/sizes.ts';
export { BoundedOutput } from './output/bounded-output.ts';
export { stderrOutput } from './output/stderr-output.ts';
export { RandomDistance } from './random-distance.ts';
export { readRegularFile, withinReadTime } from './read-file.ts';
export { isS3Url, parseObjectUrl, parseS3Url } from './s3-url.ts';
export { readSecretFile } from './secret-file.ts';
export { countLockWaits, LOCK_WORD, lock, tryLock, unlock } from './shm/locks.ts';
export { SharedSegment } from './shm/shared-segment.ts';
export {
  amzTime,
  authorization,
  escapePath,
  type Keys,
  type Query,
  queryText,
  SIGNATURE_ALGORITHM,
  sha256,
  signatureOf,
} from './signature-v4.ts';
export {
  WASM_PAGE_BYTES,
  type WasmMemory,
  type WasmMemoryLimits,
  type WasmModule,
  webAssembly,
} from './web-assembly.ts';
