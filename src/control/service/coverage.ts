/** What this service does of ElastiCache's API. */
import { FOREIGN_OPERATIONS } from '../api/model/replication.ts';
import { OPERATIONS, type OperationName } from '../api/operations.ts';
import { HANDLERS } from './handlers.ts';

interface Coverage {
  readonly operation: string;
  /** `none of it`: of what Memcached does not have, lists are empty. */
  readonly answer: 'offered' | 'none of it' | 'only Redis and Valkey' | 'not offered';
}

/** Operations of what Memcached does not have, or nobody sells here. */
const OF_NOTHING = /ReplicationGroup|ReservedCacheNodes/;

/** Every operation of the API, in the order of their names. */
export function coverage(): readonly Coverage[] {
  const known = (Object.keys(OPERATIONS) as OperationName[]).map((operation): Coverage => {
    if (HANDLERS[operation] === undefined) return { operation, answer: 'not offered' };
    return { operation, answer: OF_NOTHING.test(operation) ? 'none of it' : 'offered' };
  });
  const foreign = Object.keys(FOREIGN_OPERATIONS).map(
    (operation): Coverage => ({ operation, answer: 'only Redis and Valkey' }),
  );
  return [...known, ...foreign].sort((a, b) => (a.operation < b.operation ? -1 : 1));
}
