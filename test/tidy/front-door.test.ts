import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { decisionHead, linksIn, pathsIn, scriptsIn } from './front-door.ts';
import { FILES, PAGES, textOf } from './tree.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(textOf('package.json')) as Manifest;
const oldestNode = Number(/^>=(\d+)$/.exec(manifest.engines.node)?.[1]);
const newestNode = Number(/^\^(\d+)\./.exec(manifest.devDependencies['node'] ?? '')?.[1]);

const isThere = (path: string): boolean =>
  FILES.some((file) => file === path || file.startsWith(posix.join(path, '/')));

describe('pages for readers who come in', () => {
  test('CONTRIBUTING.md explains every script of package.json, and no other', () => {
    const scripts = Object.keys(manifest.scripts).toSorted();
    expect(scriptsIn(textOf('CONTRIBUTING.md')).toSorted()).toEqual(scripts);
  });
  test('docs/README.md links every page of docs', () => {
    const pages = PAGES.filter((file) => posix.dirname(file) === 'docs').filter(
      (file) => file !== 'docs/README.md',
    );
    const links = linksIn('docs/README.md', textOf('docs/README.md'));
    expect(pages.filter((file) => !links.includes(file))).toEqual([]);
    expect(links).toContain('docs/decisions/README.md');
  });
  test('README.md links the map of the pages and the pages of the root', () => {
    const links = linksIn('README.md', textOf('README.md'));
    const pages = ['docs/README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
    expect(links).toEqual(expect.arrayContaining(pages));
  });
  test('every file that CONTRIBUTING.md names exists, except the one that a recipe adds', () => {
    const paths = pathsIn(textOf('CONTRIBUTING.md')).filter(
      (path) => path !== 'src/cli/verbs/gets.ts',
    );
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });
  test('every link of a page to a file leads to a file', () => {
    const dead = PAGES.flatMap((page) =>
      linksIn(page, textOf(page)).flatMap((target) =>
        isThere(target) || target.startsWith('benchmarks/runs/') ? [] : [`${page}: ${target}`],
      ),
    );
    expect(dead).toEqual([]);
  });
});

describe('decisions', () => {
  const decisions = PAGES.filter((file) => /^docs\/decisions\/\d/.test(file));
  test.each(decisions)('%s has a number, a status and a date', (file) => {
    expect(decisionHead(textOf(file))?.number).toBe(posix.basename(file).slice(0, 4));
  });
  test('docs/decisions/README.md lists every decision in order, with its status', () => {
    const index = textOf('docs/decisions/README.md');
    const listed = [...index.matchAll(/^\| \[\d{4}\]\((.+)\) \| (.+?) \|/gm)];
    const expected = decisions.map((file) => [
      posix.basename(file),
      decisionHead(textOf(file))?.status,
    ]);
    expect(listed.map(([, file, status]) => [file, status])).toEqual(expected);
  });
});

describe('files for the machine', () => {
  const yamlFiles = FILES.filter((file) => /\.ya?ml$/.test(file));
  test.each(yamlFiles)('%s is valid YAML', (file) => {
    const { errors, warnings } = parseDocument(textOf(file), { version: '1.2', merge: true });
    expect([...errors, ...warnings].map(({ message }) => message)).toEqual([]);
  });
  test('the workflow runs both scripts of .ci on the oldest and the newest Node.js', () => {
    const workflow: unknown = parseDocument(textOf('.github/workflows/ci.yml')).toJS();
    const job = (script: string) => ({
      strategy: expect.objectContaining({ matrix: { node: [oldestNode, newestNode] } }),
      container: expect.stringMatching(/^node:\$\{\{ matrix\.node \}\}-/),
      steps: expect.arrayContaining([{ run: script }]),
    });
    expect(workflow).toMatchObject({
      jobs: {
        checks: { ...job('.ci/run'), env: { CI_NODE: 'own' } },
        package: job('.ci/package'),
      },
    });
  });
  test('package.json, the command and the image agree on the versions of Node.js', () => {
    expect(textOf('bin/slabring.js')).toContain(`NODE_MAJOR_MIN = ${oldestNode};`);
    expect(textOf('src/server.ts')).toContain(`NODE_MAJOR_MIN = ${oldestNode};`);
    expect(textOf('bin/slabring.js')).toContain(`-p node@${newestNode} `);
    const images = [...textOf('Dockerfile').matchAll(/^FROM node:(\d+)/gm)].map(([, node]) => node);
    expect(new Set(images)).toEqual(new Set([`${newestNode}`]));
  });
  test('the package contains only what exists, or what the build writes', () => {
    const included = manifest.files.filter((entry) => !entry.startsWith('!'));
    const absent = included.filter(
      (entry) => !FILES.some((file) => file === entry || file.startsWith(`${entry}/`)),
    );
    expect(absent).toEqual(['dist']);
  });
});

describe('linksIn', () => {
  test('linksIn returns paths from the root, without places in a page', () => {
    const page = '[a](b.md) [c](../d/e.md#f) [g](h/README.md), ![i](j.png)';
    expect(linksIn('docs/x.md', page)).toEqual([
      'docs/b.md',
      'd/e.md',
      'docs/h/README.md',
      'docs/j.png',
    ]);
  });
  test('linksIn returns no addresses and no places of the page itself', () => {
    expect(linksIn('x.md', '[a](https://b.example/c) [d](#e) [f](mailto:g@h.example)')).toEqual([]);
  });
});

describe('pathsIn', () => {
  test('pathsIn returns the files and folders in backticks, and no patterns', () => {
    const page = '`src/a/b.ts` src/c.ts `test/d` `.ci/run` `npm run e` `src/*.ts`';
    expect(pathsIn(page)).toEqual(['src/a/b.ts', 'test/d', '.ci/run']);
  });
});

describe('scriptsIn', () => {
  test('scriptsIn returns the scripts that a row explains, not those that a text mentions', () => {
    const page = [
      '| `npm start` | starts it |',
      '| `npm run a:b-c` | see `npm run d` |',
      '| `npm run e` | |',
      'Call `npm run f`.',
    ].join('\n');
    expect(scriptsIn(page)).toEqual(['start', 'a:b-c']);
  });
});

describe('decisionHead', () => {
  const page = (status: string, date = '2026-11-21') =>
    `# 0005: a title\n\n- Status: ${status}\n- Date: ${date}\n\nText.\n`;
  test.each([
    ['accepted', 'accepted'],
    ['proposed', 'proposed'],
    ['superseded by [0010](0010-a-page.md)', 'superseded by 0010'],
  ])('decisionHead reads the status "%s"', (status, expected) => {
    const head = { number: '0005', status: expected, date: '2026-11-21' };
    expect(decisionHead(page(status))).toEqual(head);
  });
  test.each([
    page('done'),
    page('superseded by 0010'),
    page('superseded by [0010](0011-a-page.md)'),
    page('accepted', 'yesterday'),
    '# 0005: a title\n\nText.\n',
    `Text.\n${page('accepted')}`,
  ])('decisionHead reads nothing from a malformed head: %j', (text) => {
    expect(decisionHead(text)).toBeUndefined();
  });
});
