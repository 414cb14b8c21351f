/** The functions of templates; pure. */
import { isUnknown } from './properties.ts';
import { isList, isObject, type Json, type JsonObject, wrong } from './template-text.ts';

/** Where names of an expression get their values. */
export interface Scope {
  /** Of a parameter, a pseudo parameter or a resource; undefined: `AWS::NoValue`. */
  readonly ref: (name: string) => Json | undefined;
  readonly attribute: (id: string, name: string) => Json;
  readonly condition: (name: string) => boolean;
  readonly mapping: (map: string, key: string, name: string) => Json;
  readonly zones: readonly string[];
}

/** A function may make a text longer than the template is. */
const TEXT_LENGTH_MAX = 65_536;

type Call = (argument: Json, scope: Scope) => Json | undefined;

const FUNCTIONS: Readonly<Record<string, Call>> = {
  Ref: (name, scope) => scope.ref(text(name, 'Ref')),
  Condition: (name, scope) => scope.condition(text(name, 'Condition')),
  'Fn::GetAtt': (argument, scope) => {
    const [id, name] = attributeOf(argument, scope);
    return scope.attribute(id, name);
  },
  'Fn::Sub': sub,
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = pair(argument, 'Fn::Join');
    const values = listOf(evaluate(parts, scope), 'Fn::Join');
    return bounded(values.map((each) => text(each, 'Fn::Join')).join(text(separator, 'Fn::Join')));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, whole] = pair(argument, 'Fn::Split');
    const value = text(evaluate(whole, scope), 'Fn::Split');
    // Where it is to be cut is not known yet.
    return isUnknown(value) ? [value] : value.split(text(separator, 'Fn::Split'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, list] = pair(argument, 'Fn::Select');
    const nth = Number(evaluate(index, scope));
    const all = listOf(evaluate(list, scope), 'Fn::Select');
    const isIndex = Number.isInteger(nth) && nth >= 0;
    const found = all[nth] ?? (isIndex ? all.find(isUnknown) : undefined);
    if (found === undefined) throw wrong(`Fn::Select asks for element ${nth}, which is not there.`);
    return found;
  },
  'Fn::If': (argument, scope) => {
    if (!isList(argument) || argument.length !== 3) throw wrong('Fn::If needs three elements.');
    const [name, yes, no] = argument;
    return evaluate(scope.condition(text(name!, 'Fn::If')) ? yes! : no!, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [a, b] = pair(argument, 'Fn::Equals');
    return String(evaluate(a, scope)) === String(evaluate(b, scope));
  },
  'Fn::Not': (argument, scope) => !truths(argument, 'Fn::Not', scope)[0],
  'Fn::And': (argument, scope) => truths(argument, 'Fn::And', scope).every(Boolean),
  'Fn::Or': (argument, scope) => truths(argument, 'Fn::Or', scope).some(Boolean),
  'Fn::FindInMap': (argument, scope) => {
    const parts = isList(argument) ? argument.map((each) => evaluate(each, scope)) : [];
    if (parts.length !== 3) throw wrong('Fn::FindInMap needs a map and two keys.');
    const [map, key, name] = parts.map((each) => text(each, 'Fn::FindInMap'));
    return scope.mapping(map!, key!, name!);
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(text(evaluate(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::GetAZs': (_, { zones }) => zones,
};

const isFunction = (name: string): boolean =>
  name === 'Ref' || name === 'Condition' || name.startsWith('Fn::');

/**
 * The value of an expression; undefined is no value (`AWS::NoValue`).
 * @throws {CodedError} `ERR_TEMPLATE`
 */
export function evaluate(value: Json | undefined, scope: Scope): Json | undefined {
  if (isList(value)) {
    return value.map((each) => evaluate(each, scope)).filter((each) => each !== undefined);
  }
  if (!isObject(value)) return typeof value === 'string' ? plain(value) : value;
  const names = Object.keys(value);
  const called = names.length === 1 && isFunction(names[0]!) ? names[0]! : undefined;
  if (called !== undefined) {
    const call = Object.hasOwn(FUNCTIONS, called) ? FUNCTIONS[called] : undefined;
    if (call !== undefined) return call(value[called]!, scope);
    throw wrong(`The function ${called} is not supported; write its value into the template.`);
  }
  const wild = names.find((name) => name.startsWith('Fn::'));
  if (wild !== undefined) throw wrong(`${wild} stands beside other names: it must be alone.`);
  const pairs = names.map((name) => [name, evaluate(value[name], scope)] as const);
  return Object.fromEntries(pairs.filter(([, each]) => each !== undefined)) as JsonObject;
}

function plain(value: string): string {
  if (!value.includes('{{resolve:')) return value;
  throw wrong('{{resolve:…}} asks a service of AWS: use a parameter with NoEcho.');
}

const REFERENCE = /\$\{([^}]*)\}/g;

function sub(argument: Json, scope: Scope): Json {
  const [whole, own] = isList(argument) ? argument : [argument, {}];
  if (typeof whole !== 'string' || !isObject(own ?? {})) throw wrong('Fn::Sub needs a text.');
  const values = own as JsonObject;
  return bounded(
    plain(whole).replaceAll(REFERENCE, (_, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(values, name)) return text(evaluate(values[name], scope), 'Fn::Sub');
      const dot = name.indexOf('.');
      const value =
        dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
      return text(value, 'Fn::Sub');
    }),
  );
}

function attributeOf(argument: Json, scope: Scope): readonly [string, string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  const [id, name] = pair(argument, 'Fn::GetAtt');
  return [text(id, 'Fn::GetAtt'), text(evaluate(name, scope), 'Fn::GetAtt')];
}

function truths(argument: Json, name: string, scope: Scope): readonly boolean[] {
  const values = listOf(argument, name).map((each) => evaluate(each, scope));
  if (values.length > 0 && values.every((each) => typeof each === 'boolean')) return values;
  throw wrong(`${name} needs conditions.`);
}

function pair(argument: Json, name: string): readonly [Json, Json] {
  if (isList(argument) && argument.length === 2) return argument as unknown as [Json, Json];
  throw wrong(`${name} needs a list of two.`);
}

function listOf(value: Json | undefined, name: string): readonly Json[] {
  if (isList(value)) return value;
  throw wrong(`${name} needs a list.`);
}

function text(value: Json | undefined, name: string): string {
  if (typeof value === 'object' || value === undefined) throw wrong(`${name} needs a text.`);
  return String(value);
}

function bounded(value: string): string {
  if (value.length <= TEXT_LENGTH_MAX) return value;
  throw wrong(`A text of the template has over ${TEXT_LENGTH_MAX} characters.`);
}

/** The names that an expression refers to, also in the branches that are not taken. */
export function namesIn(value: Json): readonly string[] {
  if (isList(value)) return value.flatMap(namesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, argument]) => {
    if (name === 'Ref' && typeof argument === 'string') return [argument];
    if (name === 'Fn::GetAtt') {
      const id = isList(argument) ? argument[0] : argument;
      return typeof id === 'string' ? [id.replace(/\..*$/, '')] : [];
    }
    const whole = name === 'Fn::Sub' ? (isList(argument) ? argument[0] : argument) : undefined;
    const inText =
      typeof whole === 'string'
        ? [...whole.matchAll(REFERENCE)].map(([, each]) => each!.replace(/\..*$/, ''))
        : [];
    return [...inText, ...namesIn(argument)];
  });
}
