import { resolveFrom } from './imports.ts';
import { collect, importsAndExports, isSyntax, nameOf, type Syntax } from './syntax.ts';

/** What one file exports, and what it takes from other files. */
export interface Trade {
  readonly file: string;
  readonly exported: readonly string[];
  /** Names of other files that it uses itself, as `file › name`; `*` is every name. */
  readonly used: readonly string[];
  /** Its exports that are exports of other files: used only if somebody uses them here. */
  readonly passedOn: readonly { readonly name: string; readonly origin: string }[];
}

const listOf = (value: unknown): readonly Syntax[] =>
  Array.isArray(value) ? value.filter(isSyntax) : [];

/** The names that a declaration introduces, also by a pattern. */
function declaredBy(declaration: Syntax): readonly string[] {
  const patterns =
    declaration.type === 'VariableDeclaration'
      ? listOf(declaration['declarations']).map(({ id }) => id)
      : [declaration['id']];
  return patterns.flatMap((pattern) => {
    const name = nameOf(pattern);
    if (name !== undefined) return name;
    return isSyntax(pattern)
      ? collect(pattern, ({ type, value }) => (type === 'Property' ? nameOf(value) : undefined))
      : [];
  });
}

/** The names that an import, or an import of a type or in a call, takes from its file. */
function takenBy(node: Syntax): readonly string[] {
  if (node.type === 'TSImportType') {
    const { qualifier } = node;
    const first =
      isSyntax(qualifier) && isSyntax(qualifier['left']) ? qualifier['left'] : qualifier;
    return [nameOf(first) ?? '*'];
  }
  if (node.type !== 'ImportDeclaration') return ['*'];
  return listOf(node['specifiers']).map(({ type, imported }) =>
    type === 'ImportSpecifier' ? (nameOf(imported) ?? '*') : '*',
  );
}

export function tradeOf(file: string, code: string): Trade {
  const exported: string[] = [];
  const passedOn: { name: string; origin: string }[] = [];
  const used: string[] = [];
  for (const node of importsAndExports(code)) {
    const source = nameOf(node['source']);
    const origin = source === undefined ? file : resolveFrom(file, source);
    if (node.type === 'ExportNamedDeclaration') {
      const { declaration } = node;
      if (isSyntax(declaration)) exported.push(...declaredBy(declaration));
      for (const { local, exported: outer } of listOf(node['specifiers'])) {
        const name = nameOf(outer) ?? '';
        exported.push(name);
        if (source !== undefined) passedOn.push({ name, origin: `${origin} › ${nameOf(local)}` });
      }
    } else if (node.type === 'ExportDefaultDeclaration') exported.push('default');
    else if (node.type === 'ExportAllDeclaration') used.push(`${origin} › *`);
    else if (source?.startsWith('.')) {
      used.push(...takenBy(node).map((name) => `${origin} › ${name}`));
    }
  }
  return { file, exported, used, passedOn };
}

/** The exports, as `file › name`, that no other file uses and that are not in a public door. */
export function unusedExports(
  trades: readonly Trade[],
  doors: readonly string[],
): readonly string[] {
  const uses = new Set(trades.flatMap(({ used }) => used));
  const isUsed = (file: string, name: string): boolean =>
    doors.includes(file) || uses.has(`${file} › ${name}`) || uses.has(`${file} › *`);
  for (let before = -1; before !== uses.size; ) {
    before = uses.size;
    for (const { file, passedOn } of trades) {
      for (const { name, origin } of passedOn) if (isUsed(file, name)) uses.add(origin);
    }
  }
  return trades.flatMap(({ file, exported }) =>
    exported.filter((name) => !isUsed(file, name)).map((name) => `${file} › ${name}`),
  );
}
