import { posix } from 'node:path';
import { importsAndExports, nameOf } from './syntax.ts';

export interface Import {
  readonly file: string;
  /** The path of a file of the repository, or the name of a package. */
  readonly target: string;
  readonly isPackage: boolean;
}

/** What a file imports, also only for a type, in a call of `import` or to export it again. */
export function importsOf(file: string, code: string): readonly Import[] {
  const found = importsAndExports(code).flatMap(({ source }) => nameOf(source) ?? []);
  return [...new Set(found)].map((name) => {
    const isPackage = !name.startsWith('.');
    return { file, target: isPackage ? name : resolveFrom(file, name), isPackage };
  });
}

/** AssemblyScript imports files without their extension. */
export function resolveFrom(file: string, name: string): string {
  const path = posix.join(posix.dirname(file), name);
  return posix.extname(path) === '' ? `${path}.ts` : path;
}

/** The chains of imports that lead back to their first file. */
export function cyclesIn(imports: readonly Import[]): readonly string[] {
  const targets = Map.groupBy(
    imports.filter(({ isPackage }) => !isPackage),
    ({ file }) => file,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const follow = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) {
      for (const { target } of targets.get(file) ?? []) follow(target, [...path, file]);
      done.add(file);
    }
  };
  for (const file of targets.keys()) follow(file, []);
  return cycles;
}

/** The packages that a file needs, itself and through all files that it imports. */
export function packagesOf(file: string, imports: readonly Import[]): readonly string[] {
  const reached = new Set<string>();
  const packages = new Set<string>();
  const follow = (current: string): void => {
    if (reached.has(current)) return;
    reached.add(current);
    for (const found of imports.filter((each) => each.file === current)) {
      if (!found.isPackage) follow(found.target);
      else if (!found.target.startsWith('node:')) packages.add(found.target);
    }
  };
  follow(file);
  return [...packages];
}
