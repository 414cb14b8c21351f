import { readFileSync } from 'node:fs';

/** The package's version: package.json lies two folders up from src/cli/ and dist/cli/ alike. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
