import { coverage } from '../../control/index.ts';

/**
 * The operations that moto answers, from records without nodes. Source: moto/elasticache of
 * getmoto/moto at 03f2faf.
 */
const OF_MOTO: ReadonlySet<string> = new Set([
  'CreateCacheCluster',
  'CreateCacheSubnetGroup',
  'CreateReplicationGroup',
  'CreateUser',
  'DeleteCacheCluster',
  'DeleteUser',
  'DescribeCacheClusters',
  'DescribeCacheSubnetGroups',
  'DescribeUsers',
  'ListTagsForResource',
]);

const MEANING = {
  offered: 'yes',
  'none of it': 'answers that there is none',
  'only Redis and Valkey': "the model's error: only Redis and Valkey have it",
  'not offered': '`InvalidAction`: not offered yet',
} as const;

/** docs/elasticache-operations.md: every operation of ElastiCache's API. */
export function operationsPage(): string {
  const all = coverage();
  const rows = all.map(
    ({ operation, answer }) =>
      `| \`${operation}\` | ${MEANING[answer]} | ${OF_MOTO.has(operation) ? 'records' : '–'} |`,
  );
  const count = (answer: (typeof all)[number]['answer']): number =>
    all.filter((each) => each.answer === answer).length;
  return `# Operations of ElastiCache

\`npm run docs\` generates this page from the operations in \`src/control\`; a test compares them.
[managed.md](managed.md) says what the operations do here.

ElastiCache's API of 2015-02-02 has ${all.length} operations. \`slabring manage\` offers
${count('offered')} of them, and ${count('not offered')} not yet. Memcached has no use for
${count('only Redis and Valkey')} that Redis and Valkey have, and for ${count('none of it')} the
answer is that there is none. moto (at 03f2faf) answers ${OF_MOTO.size} from records, without
nodes. LocalStack offers ElastiCache in its paid editions, and not for Memcached.

| operation | slabring manage | moto |
|---|---|---|
${rows.join('\n')}
`;
}
