import { LOADS, type Load } from './loads.ts';

/** A node that holds so many items of so many bytes, and nothing else. */
export interface FullNode {
  /** The memory that it needs, for `-m`. */
  readonly megabytes: number;
  /** A load of gets on all its items; `args` go to the load generator. */
  readonly load: (args?: string) => Load;
}

/** What items take besides their values: keys and headers. */
const ITEM_BYTES = 100;
/** The rest of chunks and pages. */
const MARGIN = 1.3;

export function fullNode(items: number, valueBytes: number): FullNode {
  const gets = LOADS.find(({ name }) => name === 'get')!;
  const filled = { ...gets, keySpace: items, loadedKeys: items, valueBytes };
  return {
    megabytes: Math.ceil((items * (valueBytes + ITEM_BYTES) * MARGIN) / 2 ** 20),
    load: (args) => (args === undefined ? filled : { ...filled, args: args.split(' ') }),
  };
}
