import { isSyntax, nameOf, parse, type Syntax, visit } from './syntax.ts';

/** A file, or a function of it, with its length. */
export interface Size {
  readonly name: string;
  readonly lines: number;
}

const linesOf = (code: string): number => code.trimEnd().split('\n').length;

export const fileSize = (file: string, code: string): Size => ({
  name: file,
  lines: linesOf(code),
});

const isFunction = ({ type }: Syntax): boolean =>
  /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type);

/** `test`, `describe` and their forms, such as `describe.each(…)(…)`. */
function registersTests(node: Syntax): boolean {
  if (node.type !== 'CallExpression') return false;
  let { callee } = node;
  while (isSyntax(callee)) {
    if (/^(test|describe)$/.test(nameOf(callee) ?? '')) return true;
    callee = callee['object'] ?? callee['callee'];
  }
  return false;
}

/** The names of functions: of what they are assigned to, or the title of a test or a call. */
function noteNames(node: Syntax, names: Names): void {
  const { type, value, init, id, key, callee, arguments: args } = node;
  if (type === 'VariableDeclarator') names.set(init, nameOf(id));
  if (/^(MethodDefinition|PropertyDefinition|Property)$/.test(type)) {
    const isPrivate = isSyntax(key) && key.type === 'PrivateIdentifier';
    names.set(value, `${isPrivate ? '#' : ''}${nameOf(key)}`);
  }
  if (type !== 'CallExpression' || !Array.isArray(args)) return;
  const called = isSyntax(callee) ? (nameOf(callee) ?? nameOf(callee['property'])) : undefined;
  const title = nameOf(args[0])?.slice(0, 60) ?? called;
  for (const argument of args) names.set(argument, title);
}
type Names = Map<unknown, string | undefined>;

/** Whether a function registers tests, itself or in a callback. */
function isGroupOfTests(node: Syntax): boolean {
  let registers = false;
  visit(node, (each) => {
    registers ||= registersTests(each);
    return !registers;
  });
  return registers;
}

/**
 * The functions of a file that are longer than `over`. A function that registers tests is a group
 * of tests, as long as their number; the tests in it are measured.
 */
export function functionSizes(file: string, code: string, over = 0): readonly Size[] {
  if (linesOf(code) <= over) return [];
  const found: Size[] = [];
  const names: Names = new Map();
  visit(parse(code), (node) => {
    const lines = linesOf(code.slice(node.start, node.end));
    if (lines <= over) return false;
    noteNames(node, names);
    if (isFunction(node) && !isGroupOfTests(node)) {
      const name = nameOf(node['id']) ?? names.get(node) ?? 'anonymous';
      found.push({ name: `${file} › ${name}`, lines });
    }
    return true;
  });
  return found;
}

/** By how much an entry of a ratchet may be larger than what it stands for. */
const SLACK_LINES = 20;

/**
 * What is over the limit and not in the ratchet, or larger than its entry there; and the entries
 * that are no longer needed, or too large by now. So the list can only become shorter and smaller.
 */
export function overLimit(
  sizes: readonly Size[],
  limit: number,
  ratchet: Readonly<Record<string, number>>,
): readonly string[] {
  const largest = new Map<string, number>();
  for (const { name, lines } of sizes) {
    if (lines > limit) largest.set(name, Math.max(lines, largest.get(name) ?? 0));
  }
  const tooLarge = [...largest]
    .filter(([name, lines]) => lines > (ratchet[name] ?? limit))
    .map(([name, lines]) => `${name}: ${lines} lines, at most ${ratchet[name] ?? limit}`);
  const loose = Object.entries(ratchet).flatMap(([name, entry]) => {
    const lines = largest.get(name);
    if (lines === undefined) return [`${name}: within the limit; remove its entry`];
    return entry > lines + SLACK_LINES ? [`${name}: ${lines} lines; lower its entry`] : [];
  });
  return [...tooLarge, ...loose];
}
