/** One row of the table “Which tests hold which part”. */
export interface PartRow {
  readonly part: string;
  readonly tests: readonly string[];
}

const HEADING = '\n## Which tests hold which part\n';

export function partRows(page: string): readonly PartRow[] {
  const section = page.split(HEADING)[1]?.split('\n## ')[0] ?? '';
  return section.split('\n').flatMap((line) => {
    const [part, ...tests] = [...line.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
    return line.startsWith('| `') && part !== undefined ? [{ part, tests }] : [];
  });
}

/** The folders that hold files, such as `src/base` for `src/base/hash.ts`. */
export const foldersOf = (files: readonly string[]): ReadonlySet<string> =>
  new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))));

/** What the table names but the repository lacks, and what has no row but needs one. */
export function gapsOf(
  rows: readonly PartRow[],
  files: readonly string[],
  needed: readonly string[],
): readonly string[] {
  const exists = (path: string): boolean =>
    files.some((file) => file === path || file.startsWith(`${path}/`));
  const parts = new Set(rows.map(({ part }) => part));
  return [
    ...needed.filter((part) => !parts.has(part)).map((part) => `${part} has no row`),
    ...rows.filter(({ tests }) => tests.length === 0).map(({ part }) => `${part} has no tests`),
    ...rows.flatMap(({ part, tests }) =>
      [part, ...tests].filter((path) => !exists(path)).map((path) => `${path} does not exist`),
    ),
  ];
}
