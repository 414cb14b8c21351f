/** The parameters of Memcached, as ElastiCache has them; pure. */

export interface Parameter {
  readonly name: string;
  readonly default: string;
  readonly type: 'integer' | 'float' | 'boolean' | 'string';
  /** Such as `0,1` or `8-31744`; undefined: any of its type. */
  readonly allowed?: string;
  /** Undefined: it cannot be changed. */
  readonly change?: 'immediate' | 'requires-reboot';
  readonly description: string;
}

const fixed = (
  name: string,
  value: string,
  type: Parameter['type'],
  description: string,
): Parameter => ({ name, default: value, type, description });

const switchOf = (
  name: string,
  value: '0' | '1',
  description: string,
  change: Parameter['change'] = 'requires-reboot',
): Parameter => ({ name, default: value, type: 'boolean', allowed: '0,1', change, description });

const numberOf = (
  name: string,
  value: string,
  allowed: string,
  description: string,
  change: Parameter['change'] = 'requires-reboot',
): Parameter => ({ name, default: value, type: 'integer', allowed, change, description });

/** Those of all families; in the order of their names. */
export const PARAMETERS: readonly Parameter[] = [
  fixed('backlog_queue_limit', '1024', 'integer', 'The backlog queue limit.'),
  {
    name: 'binding_protocol',
    default: 'auto',
    type: 'string',
    allowed: 'auto,ascii',
    change: 'requires-reboot',
    description: 'Binding protocol.',
  },
  numberOf(
    'cache_memlimit',
    '0',
    '0,8-31744',
    'The memory for items, in megabytes, if less than the node has; 0: all of it.',
    'immediate',
  ),
  switchOf('cas_disabled', '0', 'If 1, items have no CAS ids, and each is 8 bytes smaller.'),
  numberOf('chunk_size', '48', '1-1024', 'The least memory, in bytes, for key, value and flags.'),
  {
    name: 'chunk_size_growth_factor',
    default: '1.25',
    type: 'float',
    allowed: '1.01-100',
    change: 'requires-reboot',
    description: 'The growth factor of the sizes of chunks.',
  },
  fixed('config_max', '16', 'integer', 'The most entries of configuration.'),
  fixed('config_size_max', '65536', 'integer', 'The most bytes of an entry of configuration.'),
  switchOf('disable_flush_all', '0', 'If 1, flush_all is refused.'),
  switchOf(
    'error_on_memory_exhausted',
    '0',
    'If 1, a full node replies with errors, and evicts nothing.',
  ),
  {
    name: 'hash_algorithm',
    default: 'jenkins',
    type: 'string',
    allowed: 'jenkins,murmur3',
    change: 'requires-reboot',
    description: 'The hash algorithm. A node of slabring always has its own.',
  },
  fixed('hashpower_init', '16', 'integer', 'The first size of the hash table, as a power of two.'),
  numberOf('idle_timeout', '0', '0-86400', 'Seconds until an idle client is closed; 0: never.'),
  fixed('large_memory_pages', '0', 'boolean', 'If 1, large memory pages.'),
  fixed('lock_down_paged_memory', '0', 'boolean', 'If 1, all memory is locked.'),
  switchOf('lru_crawler', '1', 'If 1, expired items are removed in the background.'),
  switchOf('lru_maintainer', '1', 'If 1, the LRU lists are kept in the background.'),
  numberOf(
    'max_item_size',
    '1048576',
    '1024-1073741824',
    'The size, in bytes, of the largest item.',
  ),
  fixed('max_simultaneous_connections', '65000', 'integer', 'The most connections.'),
  switchOf('maxconns_fast', '1', 'If 1, connections over the limit are closed at once.'),
  switchOf('maximize_core_file_limit', '0', 'If 1, core files are as large as the system lets.'),
  numberOf(
    'memcached_connections_overhead',
    '100',
    '0-31744',
    'The memory of a node, in megabytes, that is not for items.',
  ),
  fixed('requests_per_event', '20', 'integer', 'The most requests of a connection in a row.'),
  { ...numberOf('slab_automove', '1', '0,1,2', 'How slab pages move to classes that need them.') },
  numberOf(
    'slab_chunk_max',
    '524288',
    '1024-1073741824',
    'The size, in bytes, of the largest chunk.',
  ),
  switchOf('slab_reassign', '1', 'If 1, slab pages may move to other classes.'),
  switchOf('track_sizes', '0', 'If 1, stats sizes shows the sizes of items.'),
  switchOf('watch', '1', 'If 1, the command watch is enabled.', 'immediate'),
  numberOf('watcher_logbuf_size', '256', '1-65536', 'The buffer of a watcher, in kilobytes.'),
  numberOf('worker_logbuf_size', '64', '1-65536', 'The buffer of a thread for logs, in kilobytes.'),
];

export const parameterNamed = (name: string): Parameter | undefined =>
  PARAMETERS.find((parameter) => parameter.name === name);

/** The values of a group or of a node that may differ from the defaults. */
export type ParameterValues = Readonly<Record<string, string>>;

export const parameterValue = (name: string, values: ParameterValues): string =>
  Object.hasOwn(values, name) ? values[name]! : parameterNamed(name)!.default;

/** The parameters of one way to change them that differ between two sets of values. */
export function differing(
  change: NonNullable<Parameter['change']>,
  a: ParameterValues,
  b: ParameterValues,
): readonly string[] {
  return PARAMETERS.filter((parameter) => parameter.change === change)
    .map(({ name }) => name)
    .filter((name) => parameterValue(name, a) !== parameterValue(name, b));
}

/** The values with those of another set that take effect at once. */
export function withImmediate(own: ParameterValues, wanted: ParameterValues): ParameterValues {
  const names = differing('immediate', own, wanted);
  if (names.length === 0) return own;
  return {
    ...own,
    ...Object.fromEntries(names.map((name) => [name, parameterValue(name, wanted)])),
  };
}

const RANGE = /^(-?[\d.]+)-(-?[\d.]+)$/;

/** Why a parameter cannot have a value; undefined if it can. */
export function whyInvalid(
  { name, type, allowed, change }: Parameter,
  value: string,
): string | undefined {
  if (change === undefined) return `The parameter ${name} cannot be changed.`;
  const isOfType =
    type === 'string' || (type === 'float' ? /^\d+(?:\.\d+)?$/ : /^\d+$/).test(value);
  if (isOfType && isAllowed(value, allowed)) return undefined;
  return `The parameter ${name} must be ${allowed ?? type}, and is '${value.slice(0, 100)}'.`;
}

function isAllowed(value: string, allowed: string | undefined): boolean {
  if (allowed === undefined) return true;
  return allowed.split(',').some((part) => {
    const [, low, high] = RANGE.exec(part) ?? [];
    if (low === undefined) return part === value;
    return Number(value) >= Number(low) && Number(value) <= Number(high);
  });
}

/** Why the values of one group do not go together; undefined if they do. Source: ElastiCache. */
export function whyContradictory(values: ParameterValues): string | undefined {
  const of = (name: string): number => Number(parameterValue(name, values));
  const [chunk, item] = [of('slab_chunk_max'), of('max_item_size')];
  if (chunk > item)
    return `slab_chunk_max is ${chunk}; it may not be above max_item_size, ${item}.`;
  if (item % chunk === 0) return undefined;
  return `max_item_size is ${item}; it must be a multiple of slab_chunk_max, ${chunk}.`;
}
