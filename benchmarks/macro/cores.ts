/** The cores of a server and of the generator beside it. */
export interface Cores {
  readonly server: readonly number[];
  readonly generator: number;
}

/**
 * A server gets one core for each thread, and the generator the next one, or the last core if
 * there are no more: then the two share it.
 */
export function coresFor(threads: number, coreCount: number): Cores {
  const serverCores = Math.min(threads, coreCount);
  return {
    server: Array.from({ length: serverCores }, (_, core) => core),
    generator: Math.min(serverCores, coreCount - 1),
  };
}

/** The cores of a server with one thread, and of the generator beside it. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

export const pinnedTo = (...cores: readonly number[]): readonly string[] => [
  'taskset',
  '-c',
  cores.join(','),
];
