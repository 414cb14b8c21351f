import { parseAst } from 'vitest/node';

/** A node of the syntax tree, with the offsets of its text. */
export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

export const isSyntax = (value: unknown): value is Syntax =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

export function parse(code: string): Syntax {
  const program: unknown = parseAst(code, { lang: 'ts' });
  if (!isSyntax(program)) throw new TypeError('the parser returned no syntax tree');
  return program;
}

/** Calls `enter` for the node and the nodes below it, not below those for which it is false. */
export function visit(node: Syntax, enter: (node: Syntax) => boolean): void {
  if (!enter(node)) return;
  for (const name in node) {
    const value = node[name];
    if (Array.isArray(value)) {
      for (const child of value) if (isSyntax(child)) visit(child, enter);
    } else if (isSyntax(value)) visit(value, enter);
  }
}

/** The results of `find` for the node and for all nodes below it. */
export function collect<T>(node: Syntax, find: (node: Syntax) => T | undefined): readonly T[] {
  const found: T[] = [];
  visit(node, (each) => {
    const result = find(each);
    if (result !== undefined) found.push(result);
    return true;
  });
  return found;
}

/**
 * The nodes that can import or export: the statements of the file and, if the text has such a call
 * or type, every `import(…)`.
 */
export function importsAndExports(code: string): readonly Syntax[] {
  const program = parse(code);
  const body = Array.isArray(program['body']) ? program['body'].filter(isSyntax) : [];
  const statements = body.filter(({ type }) => /^(Import|Export)/.test(type));
  if (!code.includes('import(')) return statements;
  const isInner = /^(ImportExpression|TSImportType)$/;
  return [
    ...statements,
    ...collect(program, (node) => (isInner.test(node.type) ? node : undefined)),
  ];
}

/** The name of an identifier, or the text of a string. */
export function nameOf(node: unknown): string | undefined {
  if (!isSyntax(node)) return undefined;
  const { name, value } = node;
  return typeof name === 'string' ? name : typeof value === 'string' ? value : undefined;
}
