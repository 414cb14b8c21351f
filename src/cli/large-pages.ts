/**
 * memcached's `-L`. The store is one long mapping, read at random: with pages of 2 MiB the
 * processor finds its addresses more often without walking the page tables. Node.js cannot advise
 * the kernel on memory, but glibc (2.35 and later) does for all that it maps, when its environment
 * says so as the process starts.
 */
import type { Host } from './host.ts';

const VARIABLE = 'GLIBC_TUNABLES';
const TUNABLE = 'glibc.malloc.hugetlb';

/** What the kernel does with the advice: `always [madvise] never`, the bracketed one. */
export const KERNEL_SETTING = '/sys/kernel/mm/transparent_hugepage/enabled';

/**
 * The environment to start again with; undefined when this one already has the tunable, whatever
 * it says.
 */
export function withLargePages(env: Host['env']): Host['env'] | undefined {
  const set = env[VARIABLE] ?? '';
  if (set.includes(`${TUNABLE}=`)) return undefined;
  const tunables = set === '' ? `${TUNABLE}=1` : `${set}:${TUNABLE}=1`;
  return { ...env, [VARIABLE]: tunables };
}

/**
 * Why large pages are not to be had, from the kernel's setting (undefined: there is none);
 * undefined when they are.
 */
export function whyNoLargePages(setting: string | undefined): string | undefined {
  if (setting === undefined) return 'only Linux with transparent huge pages has them';
  return setting.includes('[never]') ? `${KERNEL_SETTING} says never` : undefined;
}
