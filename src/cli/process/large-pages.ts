/**
 * memcached's `-L`. The store is one large mapping with random access: with pages of 2 MiB the
 * processor has fewer TLB misses. Node.js cannot call madvise, but glibc (2.35 and later) calls it
 * for all its mappings if its environment has a tunable when the process starts.
 */
import type { Host } from './host.ts';

const VARIABLE = 'GLIBC_TUNABLES';
const TUNABLE = 'glibc.malloc.hugetlb';

/** The kernel's policy, such as `always [madvise] never`; the one in brackets is in force. */
export const KERNEL_SETTING = '/sys/kernel/mm/transparent_hugepage/enabled';

/** Why the fast path has no large pages; undefined if the kernel gives them to all memory. */
export function whyNoLargeFastPath(setting: string | undefined): string | undefined {
  if (setting === undefined || !setting.includes('[madvise]')) return undefined;
  return `the fast path has them only if ${KERNEL_SETTING} says always; -o no_fast_path keeps them`;
}

/** The environment for the re-executed process; undefined if `env` sets the tunable already. */
export function withLargePages(env: Host['env']): Host['env'] | undefined {
  const set = env[VARIABLE] ?? '';
  if (set.includes(`${TUNABLE}=`)) return undefined;
  const tunables = set === '' ? `${TUNABLE}=1` : `${set}:${TUNABLE}=1`;
  return { ...env, [VARIABLE]: tunables };
}

/**
 * The reason why large pages are not available, from the kernel's setting (undefined: the kernel
 * has none); undefined if they are available.
 */
export function whyNoLargePages(setting: string | undefined): string | undefined {
  if (setting === undefined) return 'only Linux with transparent huge pages has them';
  return setting.includes('[never]') ? `${KERNEL_SETTING} says never` : undefined;
}
