import { posix } from 'node:path';
import { nameOf, parse, walk } from './syntax.ts';

export interface Import {
  readonly file: string;
  /** The path of a file of the repository, or the name of a package. */
  readonly target: string;
  readonly isPackage: boolean;
}

/** What a file imports, also only for a type, in a call of `import` or to export it again. */
export function importsOf(file: string, code: string): readonly Import[] {
  const found = [...walk(parse(code))].flatMap(({ type, source }) =>
    /^(Import|Export|TSImport)/.test(type) ? (nameOf(source) ?? []) : [],
  );
  return [...new Set(found)].map((name) => {
    const isPackage = !name.startsWith('.');
    return { file, target: isPackage ? name : resolveFrom(file, name), isPackage };
  });
}

export const resolveFrom = (file: string, name: string): string =>
  posix.join(posix.dirname(file), name);

/** The chains of imports that lead back to their first file. */
export function cyclesIn(imports: readonly Import[]): readonly string[] {
  const targets = Map.groupBy(
    imports.filter(({ isPackage }) => !isPackage),
    ({ file }) => file,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) {
      for (const { target } of targets.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    }
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
}

/** The packages that a file needs, itself and through all files that it imports. */
export function packagesOf(file: string, imports: readonly Import[]): readonly string[] {
  const reached = new Set<string>();
  const packages = new Set<string>();
  const visit = (current: string): void => {
    if (reached.has(current)) return;
    reached.add(current);
    for (const found of imports.filter((each) => each.file === current)) {
      if (!found.isPackage) visit(found.target);
      else if (!found.target.startsWith('node:')) packages.add(found.target);
    }
  };
  visit(file);
  return [...packages];
}
