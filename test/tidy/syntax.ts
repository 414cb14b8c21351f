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

/** The nodes directly below a node, in the order of its properties. */
export function childrenOf(node: Syntax): readonly Syntax[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isSyntax) : isSyntax(value) ? [value] : [],
  );
}

/** The node and all nodes below it. */
export function* walk(node: Syntax): Generator<Syntax> {
  yield node;
  for (const child of childrenOf(node)) yield* walk(child);
}

/** The name of an identifier, or the text of a string. */
export function nameOf(node: unknown): string | undefined {
  if (!isSyntax(node)) return undefined;
  const { name, value } = node;
  return typeof name === 'string' ? name : typeof value === 'string' ? value : undefined;
}
