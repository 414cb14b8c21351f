import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The committed files and those that git would add, without the recorded benchmark runs. */
export const FILES: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--deduplicate', '--cached', '--others', '--exclude-standard'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .trim()
  .split('\n')
  .filter((file) => !file.startsWith('benchmarks/runs/') && existsSync(join(ROOT, file)));

export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The TypeScript files of a folder, such as `src`. */
export const codeIn = (folder: string): readonly string[] =>
  FILES.filter((file) => file.startsWith(`${folder}/`) && file.endsWith('.ts'));

/** The Markdown pages that readers open; the templates of an issue or a change are forms. */
export const PAGES: readonly string[] = FILES.filter(
  (file) => file.endsWith('.md') && !file.startsWith('.'),
);
