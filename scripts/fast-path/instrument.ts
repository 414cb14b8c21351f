/**
 * Makes the variant of a module for the tests of faults: in front of every write into the memory,
 * it calls the import `env.before_write(site: i32)`, which may throw to stop the thread there. The
 * number of the site tells the writes of the module apart.
 *
 * Writes are stores, atomic operations and bulk operations, also SIMD stores: Binaryen's own pass
 * `instrument-memory` leaves out most of these. The call comes after the operands, so all writes
 * inside them have happened.
 */

/** An expression of the text format: its words, and the expressions in it, in their order. */
type Expression = (string | Expression)[];

const HOOK = '$before_write';
const IMPORT = ['import', '"env"', '"before_write"', ['func', HOOK, ['param', 'i32']]];
/** A string, a parenthesis or a word; comments run to the end of their line. */
const TOKENS = /;;[^\n]*|"(?:[^"\\]|\\.)*"|[()]|[^\s()";]+/g;

/** The text of the module with the calls. */
export function withWriteHooks(text: string): string {
  const module = parse(text);
  let sites = 0;
  const visit = (expression: Expression): void => {
    for (const part of expression) if (typeof part !== 'string') visit(part);
    const type = writtenType(expression, text);
    if (type === undefined) return;
    const last = expression.pop()!;
    const call = ['call', HOOK, ['i32.const', String(sites++)]];
    expression.push(['block', ['result', type], last, call]);
  };
  visit(module);
  const firstDeclaration = module.findIndex((part) => part[0] === 'import');
  module.splice(firstDeclaration, 0, IMPORT);
  return print(module);
}

/** The type of the last operand of a write; undefined if the expression writes nothing. */
function writtenType([name]: Expression, text: string): string | undefined {
  if (typeof name !== 'string') return undefined;
  if (/^memory\.(copy|fill|init)$/.test(name))
    return /\(memory \S+ i64 /.test(text) ? 'i64' : 'i32';
  return /^(i32|i64|f32|f64|v128)\.(?:atomic\.)?(?:store|rmw)/.exec(name)?.[1];
}

function parse(text: string): Expression {
  const open: Expression[] = [[]];
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith(';;')) continue;
    if (token === '(') open.push([]);
    else if (token === ')') open.at(-2)!.push(open.pop()!);
    else open.at(-1)!.push(token);
  }
  return open[0]![0] as Expression;
}

function print(expression: Expression): string {
  const parts = expression.map((part) => (typeof part === 'string' ? part : print(part)));
  return `(${parts.join(' ')})\n`;
}
