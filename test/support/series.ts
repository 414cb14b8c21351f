import { METRICS } from '../../src/ops/index.ts';

/** The labels that Prometheus adds itself, or that a query makes. */
const OTHER_LABELS = ['job', 'instance', 'cluster', 'le', 'severity'];
const SELECTOR = /\b((?:memcached|slabring|process)_[a-z0-9_]+)(\{[^{}]*\})?/g;

/** The labels of each series that a node shows, by the name of the series. */
const LABELS = new Map(
  METRICS.flatMap(({ name, kind, labels }) => {
    const names =
      kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
    return names.map((series): [string, readonly string[]] => [series, labels]);
  }),
);

/** What a query of Prometheus names, but no node shows: a series, a label of one, a group. */
export function unknownIn(query: string): readonly string[] {
  const known = new Set(OTHER_LABELS);
  const series = [...query.matchAll(SELECTOR)].flatMap(([, name = '', selector = '']) => {
    const labels = LABELS.get(name);
    if (labels === undefined) return [name];
    for (const label of labels) known.add(label);
    return [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
      .map(([, label = '']) => label)
      .filter((label) => !labels.includes(label) && !OTHER_LABELS.includes(label))
      .map((label) => `${name}{${label}}`);
  });
  const groups = [...query.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)]
    .flatMap(([, list = '']) => list.split(/\s*,\s*/))
    .filter((label) => !known.has(label) && /\b(?:memcached|process)_|\bslabring_/.test(query));
  return [...series, ...groups];
}
