import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorsPage } from '../../src/cli/pages/errors-page.ts';
import { metricsPage } from '../../src/cli/pages/metrics-page.ts';
import { operationsPage } from '../../src/cli/pages/operations-page.ts';
import { PAGES_WITH_OPTIONS, withOptionTables } from '../../src/cli/pages/option-sections.ts';
import { optionTypes } from '../../src/cli/pages/option-types.ts';
import { optionsPage } from '../../src/cli/pages/options-page.ts';
import { applyVerb } from '../../src/cli/verbs/apply.ts';
import { attachVerb } from '../../src/cli/verbs/attach.ts';
import { CACHE_VERBS } from '../../src/cli/verbs/cache-verbs.ts';
import { clusterVerb } from '../../src/cli/verbs/cluster.ts';
import { dumpVerb } from '../../src/cli/verbs/dump.ts';
import { healthVerb } from '../../src/cli/verbs/health.ts';
import { logVerb } from '../../src/cli/verbs/log.ts';
import { manageVerb } from '../../src/cli/verbs/manage.ts';
import { manageKeysVerb } from '../../src/cli/verbs/manage-keys.ts';
import { nodesVerb } from '../../src/cli/verbs/nodes.ts';
import { proxyVerb } from '../../src/cli/verbs/proxy.ts';
import { restartVerb } from '../../src/cli/verbs/restart.ts';
import { restoreVerb } from '../../src/cli/verbs/restore.ts';
import { serveVerb } from '../../src/cli/verbs/serve.ts';
import { userVerb } from '../../src/cli/verbs/user.ts';
import { OPTION_GROUPS, type OptionGroup } from '../../src/client/index.ts';
import { startNode } from '../../src/node/index.ts';
import { codeIn, PAGES, textOf } from './tree.ts';

describe('codes of errors', () => {
  test('each code that a page names is in the sources', () => {
    const sources = codeIn('src').map(textOf).join('\n');
    const unknown = PAGES.flatMap((page) =>
      [...new Set(textOf(page).match(/\bERR_[A-Z_]*[A-Z]/g))]
        .filter((code) => !sources.includes(code))
        .map((code) => `${page}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('pages', () => {
  /** The text of a page, without the blanks that align the columns of its tables. */
  const page = (name: string): string => textOf(`docs/${name}`).replaceAll(/ +/g, ' ');
  test('docs/options.md equals the output of `npm run docs`', () => {
    const written = optionsPage([
      clusterVerb,
      serveVerb(startNode),
      proxyVerb(startNode),
      nodesVerb,
      manageVerb,
      manageKeysVerb,
      attachVerb,
      applyVerb,
      restartVerb,
      healthVerb,
      logVerb,
      userVerb,
      dumpVerb,
      restoreVerb,
      ...CACHE_VERBS,
    ]);
    expect(textOf('docs/options.md')).toBe(written);
  });
  test('docs/errors.md equals the output of `npm run docs`', () => {
    expect(textOf('docs/errors.md')).toBe(errorsPage());
  });
  test('docs/metrics.md equals the output of `npm run docs`', () => {
    expect(textOf('docs/metrics.md')).toBe(metricsPage());
  });
  test('docs/elasticache-operations.md equals the output of `npm run docs`', () => {
    expect(textOf('docs/elasticache-operations.md')).toBe(operationsPage());
  });
  test.each(PAGES_WITH_OPTIONS)('docs/%s has the tables of `npm run docs`', (name) => {
    const written = textOf(`docs/${name}`);
    expect(written).toContain('<!-- options: ');
    expect(withOptionTables(written)).toBe(written);
  });
  test('the pages have every group of options that a program passes', () => {
    const pages = PAGES_WITH_OPTIONS.map(page).join('');
    const groups: readonly OptionGroup[] = Object.values(OPTION_GROUPS).flat();
    const nested = new Set(
      groups.flatMap(({ byName }) => [...byName.values()].map(({ group }) => group)),
    );
    const missing = groups
      .filter((group) => !nested.has(group))
      .map(({ typeName }) => typeName.replace(/<.*/, ''))
      .filter((name) => !pages.includes(`<!-- options: ${name} -->`));
    expect(missing).toEqual([]);
  });
  test("the types of the client's options equal the output of `npm run docs`", () => {
    const files = codeIn('src/client/option-types');
    const written = files.map((file) => [file.replace(/.*\//, ''), textOf(file)] as const);
    expect(new Map(optionTypes())).toEqual(new Map(written));
  });
  test('every row of a table has the cells of its head: a pipe inside of code ends a cell', () => {
    const cells = (line: string): number => line.replaceAll('\\|', '').split('|').length;
    const wrong = PAGES.flatMap((file) => {
      const tables = textOf(file).matchAll(/^\|.*\n\|[ :|-]+\n(?:\|.*\n)*/gm);
      return [...tables].flatMap(([table]) => {
        const [head = '', , ...rows] = table.trimEnd().split('\n');
        return rows.filter((row) => cells(row) !== cells(head)).map((row) => `${file}: ${row}`);
      });
    });
    expect(wrong).toEqual([]);
  });
  test('docs/lessons.md names only tests that exist', () => {
    const rows = page('lessons.md')
      .split('\n')
      .filter((line) => /^\| (\d+|also) \|/.test(line));
    const numbers = new Set(rows.map((row) => Number.parseInt(row.slice(2), 10)));
    for (let nth = 1; nth <= 25; nth++) expect(numbers).toContain(nth);
    for (const row of rows) {
      const named = [...row.matchAll(/`([^`]+\.test\.ts) › ([^`]+)`/g)];
      expect(named.length, row).toBeGreaterThan(0);
      for (const [, file = '', name = ''] of named) {
        expect(textOf(file), file).toContain(name);
      }
    }
  });
  test('docs/memcached-fixes.md names only tests that exist', () => {
    const rows = page('memcached-fixes.md')
      .split('\n')
      .filter((line) => /^\| 1\.6\.\d+ \|/.test(line));
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const [, , , state = '', , tests = ''] = row.split('|').map((cell) => cell.trim());
      const named = [...tests.matchAll(/`(test\/[^` ]+)(?: › ([^`]+))?`/g)];
      expect(named.length > 0, row).toBe(!state.startsWith('not'));
      for (const [, file = '', name = ''] of named) {
        if (name !== '') expect(textOf(file), row).toContain(name);
        else expect(existsSync(new URL(`../../${file}`, import.meta.url)), row).toBe(true);
      }
    }
  });
  test('docs/architecture.md describes every room', () => {
    const rooms = new Set(codeIn('src').flatMap((file) => /^src\/(.+?)\//.exec(file)?.[1] ?? []));
    for (const room of rooms) expect(page('architecture.md')).toContain(`| \`${room}\` |`);
  });
  test('docs/decisions gives a reason for each run-time dependency', () => {
    const { dependencies } = JSON.parse(textOf('package.json')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(dependencies)) {
      expect(page('decisions/0001-dependencies.md')).toContain(`| ${name} |`);
    }
  });
});
