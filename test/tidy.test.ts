import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CACHE_VERBS } from '../src/cli/cache-verbs.ts';
import { clusterVerb } from '../src/cli/cluster.ts';
import { errorsPage } from '../src/cli/errors-page.ts';
import { healthVerb } from '../src/cli/health.ts';
import { optionsPage } from '../src/cli/options-page.ts';
import { serveVerb } from '../src/cli/serve.ts';
import { userVerb } from '../src/cli/user.ts';
import { startNode } from '../src/server/index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** The rooms of docs/architecture.md: each room, and the rooms that it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  store: ['base'],
  commands: ['base', 'protocol', 'store'],
  server: ['base', 'protocol', 'store', 'commands'],
  client: ['base', 'protocol'],
  cluster: ['base', 'protocol', 'client'],
  ops: ['base', 'store'],
  cli: ['base', 'protocol', 'store', 'commands', 'server', 'client', 'cluster', 'ops'],
};
/** Other rooms import only the index of a room; protocol has a second entry, for clients. */
const DOORS = new Set(Object.keys(MAY_IMPORT).map((room) => `${room}/index.ts`)).add(
  'protocol/client.ts',
);

interface Import {
  readonly file: string;
  readonly target: string;
  /** True if the target is a package, false if it is a file. */
  readonly isPackage: boolean;
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const names = [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, name]) => name!);
  return names.map((name) => {
    const isPackage = !name.startsWith('.');
    const target = isPackage ? name : relative(SOURCE, resolve(SOURCE, dirname(file), name));
    return { file, target: target.replaceAll('\\', '/'), isPackage };
  });
});

const roomOf = (file: string): string => (file.includes('/') ? file.split('/')[0]! : '');

describe('rooms', () => {
  test('a room imports only the rooms below it', () => {
    const wrong = imports
      .filter(({ file, isPackage }) => !isPackage && roomOf(file) !== '')
      .filter(({ file, target }) => roomOf(target) !== roomOf(file))
      .filter(({ file, target }) => !MAY_IMPORT[roomOf(file)]?.includes(roomOf(target)))
      .map(({ file, target }) => `${file}: ${roomOf(file)}/ may not import ${target}`);
    expect(wrong).toEqual([]);
  });
  test('other rooms import only the index of a room', () => {
    const wrong = imports
      .filter(({ file, target, isPackage }) => !isPackage && roomOf(target) !== roomOf(file))
      .filter(({ target }) => !DOORS.has(target))
      .map(
        ({ file, target }) => `${file}: ${target} is not a door; import ${roomOf(target)}/index.ts`,
      );
    expect(wrong).toEqual([]);
  });
  test('the store exports no words of its memory', () => {
    const text = readFileSync(join(SOURCE, 'store', 'index.ts'), 'utf8');
    const words = /\b(FLAG|SEGMENT|TOTAL|CONTROL|CLASS|ITEM|STRIPES|\w*[lL]ocks?|assemble)\b/g;
    expect(text.match(words)).toBeNull();
  });
  test('every folder of src is a known room', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== ''));
    expect([...rooms].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });
});

test('imports have no cycles', () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, isPackage } of imports) {
    if (!isPackage) edges.set(file, [...(edges.get(file) ?? []), target]);
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) {
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test('the client imports only the package hashring', () => {
  const reached = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const found of imports.filter((each) => each.file === file)) {
      if (!found.isPackage) visit(found.target);
      else if (!found.target.startsWith('node:')) packages.add(found.target);
    }
  };
  visit('client.ts');
  expect([...packages]).toEqual(['hashring']);
});

describe('committed files', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  const texts = tracked.filter((file) => /\.(ts|js|json|md|yml|sh)$|Dockerfile|\.ci/.test(file));
  test('no file names a path of a machine or a package registry', () => {
    const machinePath = /(^|[^\w.])\/(work|farm|home|root|Users)\/\w/;
    const registry = new RegExp(
      ['registry.npm', 'npm.pkg.'].map((name) => `${name}[a-z]`).join('|'),
    );
    const wrong = texts.flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .flatMap((line, at) =>
          machinePath.test(line) || registry.test(line)
            ? [`${file}:${at + 1}: ${line.trim()}`]
            : [],
        ),
    );
    expect(wrong).toEqual([]);
  });
  test('the lock file names no download addresses', () => {
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

describe('pages', () => {
  /** The text of a page, without the blanks that align the columns of its tables. */
  const page = (name: string): string =>
    readFileSync(join(ROOT, 'docs', name), 'utf8').replaceAll(/ +/g, ' ');
  test('docs/options.md equals the output of `npm run docs`', () => {
    const written = optionsPage([
      clusterVerb,
      serveVerb(startNode),
      healthVerb,
      userVerb,
      ...CACHE_VERBS,
    ]);
    expect(readFileSync(join(ROOT, 'docs', 'options.md'), 'utf8')).toBe(written);
  });
  test('docs/errors.md equals the output of `npm run docs`', () => {
    expect(readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8')).toBe(errorsPage());
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
        expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain(name);
      }
    }
  });
  test('docs/architecture.md describes every room', () => {
    for (const room of readdirSync(SOURCE, { withFileTypes: true })) {
      if (room.isDirectory()) expect(page('architecture.md')).toContain(`| \`${room.name}\` |`);
    }
  });
  test('docs/decisions gives a reason for each run-time dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(dependencies)) {
      expect(page('decisions/0001-dependencies.md')).toContain(`| ${name} |`);
    }
  });
});
