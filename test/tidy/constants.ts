import { isSyntax, nameOf, parse, type Syntax, visit } from './syntax.ts';

/** The constants of a set of files, which the tests read without importing the files. */
export class Constants {
  readonly #codeOf: (file: string) => string;
  readonly #files: readonly string[];
  readonly #parsed = new Map<string, ReadonlyMap<string, Syntax>>();

  constructor(files: readonly string[], codeOf: (file: string) => string) {
    this.#files = files;
    this.#codeOf = codeOf;
  }

  /**
   * The number of a constant. `path` is the name of its file, after those of its folders that make
   * it unique, such as `store/create.ts` for `src/store/memory/create.ts`. `name` may have the
   * property of an object, such as `SLEEP.idleMs`.
   */
  number(path: string, name: string): number {
    const between = new RegExp(`(^|/)${path.replaceAll('/', '/(.+/)?')}$`);
    const exact = this.#files.filter((file) => file.endsWith(`/${path}`));
    const matches = exact.length === 1 ? exact : this.#files.filter((file) => between.test(file));
    if (matches.length !== 1) throw new RangeError(`${matches.length} files match ${path}`);
    return this.#evaluate(matches[0]!, { type: 'Identifier', start: 0, end: 0, name });
  }

  #evaluate(file: string, node: Syntax): number {
    const sides = [node['left'], node['right']].filter(isSyntax);
    const [left = 0, right = 0] = sides.map((side) => this.#evaluate(file, side));
    const { value, argument, operator } = node;
    if (node.type === 'Literal' && typeof value === 'number') return value;
    if (node.type === 'Identifier') return this.#evaluate(...this.#find(file, nameOf(node) ?? ''));
    if (node.type === 'UnaryExpression' && isSyntax(argument) && operator === '-') {
      return -this.#evaluate(file, argument);
    }
    if (operator === '+') return left + right;
    if (operator === '-') return left - right;
    if (operator === '*') return left * right;
    if (operator === '/') return left / right;
    if (operator === '**') return left ** right;
    if (operator === '<<') return left << right;
    throw new RangeError(`${file}: cannot evaluate a ${node.type}`);
  }

  /** The file and the initial value of a constant, in this file or in the one it imports from. */
  #find(file: string, name: string): [string, Syntax] {
    const known = this.#declarationsOf(file);
    const found = known.get(name);
    if (found === undefined) throw new RangeError(`${file} has no constant ${name}`);
    if (found.type !== 'ImportSpecifier') return [file, found];
    const path = nameOf(found['source'])!.replace(/^(\.\.?\/)+/, '');
    const target = this.#files.find((each) => each.endsWith(`/${path}`));
    if (target === undefined) throw new RangeError(`${file}: ${path} is not among the files`);
    return this.#find(target, nameOf(found['imported']) ?? name);
  }

  #declarationsOf(file: string): ReadonlyMap<string, Syntax> {
    const before = this.#parsed.get(file);
    if (before !== undefined) return before;
    const found = new Map<string, Syntax>();
    const add = (name: string, value: unknown): void => {
      if (!isSyntax(value)) return;
      found.set(name, value);
      const isCast = value.type === 'TSAsExpression' && isSyntax(value['expression']);
      const inner = isCast ? value['expression'] : value;
      if (!isSyntax(inner) || !Array.isArray(inner['properties'])) return;
      for (const { key, value: of } of inner['properties'].filter(isSyntax)) {
        add(`${name}.${nameOf(key)}`, of);
      }
    };
    visit(parse(this.#codeOf(file)), (node) => {
      if (node.type === 'VariableDeclarator') add(nameOf(node['id']) ?? '', node['init']);
      if (node.type === 'ImportDeclaration' && Array.isArray(node['specifiers'])) {
        for (const specifier of node['specifiers'].filter(isSyntax)) {
          add(nameOf(specifier['local']) ?? '', { ...specifier, source: node['source'] });
        }
      }
      return /^(Program|Export|VariableDeclaration$)/.test(node.type);
    });
    this.#parsed.set(file, found);
    return found;
  }
}
