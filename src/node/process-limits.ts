/** A property that the types of Node.js lack. */
type WithNetwork = NodeJS.ProcessReport & { excludeNetwork?: boolean };

type LimitName = 'open_files' | 'virtual_memory_bytes';

/** The limits of a diagnostic report; Windows has none. */
type UserLimits = Readonly<Record<LimitName, { readonly soft: number | 'unlimited' }>>;

/** A limit that the system sets for this process (`ulimit`); Infinity if there is none. */
export function processLimit(name: LimitName): number {
  const source: WithNetwork = process.report;
  const { excludeNetwork = false } = source;
  // The names of the peers of sockets would take DNS queries.
  source.excludeNetwork = true;
  const report: { readonly userLimits?: UserLimits } = source.getReport();
  source.excludeNetwork = excludeNetwork;
  const soft = report.userLimits?.[name].soft ?? 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}
