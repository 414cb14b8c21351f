import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../src/ops/index.ts';
import { unknownIn } from '../support/series.ts';
import { textOf } from './tree.ts';

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}
interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

const FOLDER = 'packaging/prometheus';
const rulesOf = (name: string): readonly Rule[] =>
  (parse(textOf(`${FOLDER}/${name}`)) as RuleFile).groups.flatMap(({ rules }) => rules);
const recorded = rulesOf('slabring.rules.yml');
const alerts = rulesOf('slabring.alerts.yml');
const { panels } = JSON.parse(textOf('packaging/grafana/slabring.json')) as Dashboard;

describe('packaged rules and dashboards', () => {
  test('every series and label of a rule is one of a node, or a recorded one', () => {
    const names = new Set(recorded.map(({ record }) => record));
    for (const { expr, alert, record } of [...recorded, ...alerts]) {
      expect(unknownIn(expr), alert ?? record).toEqual([]);
      for (const [name] of expr.matchAll(/\bslabring:[\w:]+/g)) expect(names).toContain(name);
    }
  });
  test('every series and label of the dashboard is one of a node', () => {
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) expect(unknownIn(expr), title).toEqual([]);
    }
    expect(panels.flatMap(({ targets = [] }) => targets).length).toBeGreaterThan(20);
  });
  test('each alert has texts, a test, and a section of docs/alerts.md in the same order', () => {
    const tests = textOf(`${FOLDER}/slabring.test.yml`);
    for (const { alert = '', annotations = {} } of alerts) {
      expect(Object.keys(annotations), alert).toEqual(['runbook', 'summary', 'description']);
      expect(annotations['runbook']).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
      expect(tests).toContain(`- name: ${alert}\n`);
    }
    const sections = textOf('docs/alerts.md').split('\n## ').slice(1);
    expect(sections.map((section) => section.split('\n')[0])).toEqual(
      alerts.map(({ alert }) => alert),
    );
    for (const section of sections) {
      expect(section).toMatch(/^- \*\*Clients\*\*/m);
      expect(section).toMatch(/\*\*[Dd]o\*\*/);
    }
  });
});

describe('the rule of packaged metrics fails', () => {
  test('the rule finds a series, a label and a group that no node has', () => {
    const [counter] = METRICS.filter(({ name }) => name === 'memcached_commands_total');
    expect(counter?.labels).toEqual(['command', 'status']);
    expect(unknownIn('rate(memcached_command_total[5m])')).toEqual(['memcached_command_total']);
    expect(unknownIn('memcached_commands_total{command="get", slab="1"}')).toEqual([
      'memcached_commands_total{slab}',
    ]);
    expect(unknownIn('sum by (slab, job) (memcached_commands_total)')).toEqual(['slab']);
    expect(unknownIn('sum by (command) (memcached_commands_total{status="hit"})')).toEqual([]);
  });
});
