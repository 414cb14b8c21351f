/**
 * The suboptions of memcached's `-o` that set no option of slabring. Together with the options
 * that have a `suboption`, these are all of memcached 1.6.45.
 */

/** What these ask for always holds. */
export const FULFILLED_SUBOPTIONS: Readonly<Record<string, string>> = {
  maxconns_fast: 'the node always refuses a connection beyond the limit at once',
  modern: 'the node always uses the modern behaviour',
  no_drop_privileges: 'the node keeps the privileges of its user',
  inline_ascii_resp: 'memcached ignores it too',
  no_inline_ascii_resp: 'memcached ignores it too',
  ssl_session_cache: 'the node always resumes sessions, by tickets',
};

const NO_EXTERNAL_STORAGE = 'all items are in memory: the node has no external storage';
const NO_PROXY = 'the node is a cache and no proxy';
const PAGE_MOVES = 'page moves follow the misses on recently evicted keys';

/** These have no effect; the node warns of each that is set. */
export const INEFFECTIVE_SUBOPTIONS: Readonly<Record<string, string>> = {
  no_maxconns_fast: 'the node always refuses a connection beyond the limit at once',
  hashpower: 'the index grows automatically, one bucket at a time',
  no_hashexpand: 'the index grows automatically, one bucket at a time',
  hash_algorithm: 'the node has one hash algorithm',
  tail_repair_time: 'no reference can hold an item forever',
  slab_sizes: 'the sizes of the classes follow from -n and -f',
  slab_automove_ratio: PAGE_MOVES,
  slab_automove_window: PAGE_MOVES,
  slab_automove_freeratio: PAGE_MOVES,
  drop_privileges: 'the node cannot filter its system calls; -u drops the rights of root',
  relaxed_privileges: 'the node cannot filter its system calls',
  resp_obj_mem_limit: 'each thread writes all replies into one buffer',
  watcher_logbuf_size: 'each watcher may lag by 256 KiB of events',
  worker_logbuf_size: 'each thread keeps 256 KiB of events',
  ssl_keyformat: 'keys are always PEM',
  ssl_wbuf_size: 'the node encrypts each write at once',
  ssl_kernel_tls: 'the node never uses kernel TLS',
  sock_cookie_id: 'the node does not mark its sockets',
  ext_path: NO_EXTERNAL_STORAGE,
  ext_page_size: NO_EXTERNAL_STORAGE,
  ext_wbuf_size: NO_EXTERNAL_STORAGE,
  ext_threads: NO_EXTERNAL_STORAGE,
  ext_io_depth: NO_EXTERNAL_STORAGE,
  ext_item_size: NO_EXTERNAL_STORAGE,
  ext_item_age: NO_EXTERNAL_STORAGE,
  ext_low_ttl: NO_EXTERNAL_STORAGE,
  ext_drop_unread: NO_EXTERNAL_STORAGE,
  ext_recache_rate: NO_EXTERNAL_STORAGE,
  ext_compact_under: NO_EXTERNAL_STORAGE,
  ext_drop_under: NO_EXTERNAL_STORAGE,
  ext_max_frag: NO_EXTERNAL_STORAGE,
  ext_max_sleep: NO_EXTERNAL_STORAGE,
  proxy_config: NO_PROXY,
  proxy_arg: NO_PROXY,
  proxy_uring: NO_PROXY,
  proxy_memprofile: NO_PROXY,
};
