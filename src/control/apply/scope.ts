/** What the names of a template mean; pure. */
import { ACCOUNT } from '../model/arn.ts';
import { firstZone } from '../model/cluster-rules.ts';
import { evaluate, type Scope } from './expressions.ts';
import type { Template } from './template.ts';
import { isList, isObject, type Json, type JsonObject, wrong } from './template-text.ts';

/** A value of a resource; undefined: there is no such resource. */
export type ResourceValue = (id: string, attribute: string | undefined) => Json | undefined;

export interface StackFacts {
  readonly name: string;
  readonly region: string;
  /** Of `--parameter`. */
  readonly given: Readonly<Record<string, string>>;
}

/** @throws {CodedError} `ERR_TEMPLATE` for parameters that are missing, unknown or not valid. */
export function scopeFor(template: Template, facts: StackFacts, resource: ResourceValue): Scope {
  const pseudo = pseudoParameters(facts);
  const parameters = parametersOf(template.parameters, facts.given);
  const known = new Map<string, boolean | 'open'>();
  const scope: Scope = {
    zones: [firstZone(facts.region)],
    ref: (each) => {
      if (each === 'AWS::NoValue') return undefined;
      if (Object.hasOwn(pseudo, each)) return pseudo[each];
      const parameter = parameters.get(each);
      if (parameter !== undefined) return parameter();
      const value = resource(each, undefined);
      if (value !== undefined) return value;
      throw wrong(`There is no parameter and no resource ${each}, or its Condition is false.`);
    },
    attribute: (id, attribute) => {
      const value = resource(id, attribute);
      if (value !== undefined) return value;
      throw wrong(`There is no resource ${id} with the attribute ${attribute} (Fn::GetAtt).`);
    },
    condition: (each) => {
      const before = known.get(each);
      if (before === 'open') throw wrong(`The condition ${each} refers to itself.`);
      if (before !== undefined) return before;
      const expression = ownOf(template.conditions, each);
      if (expression === undefined) throw wrong(`There is no condition ${each}.`);
      known.set(each, 'open');
      const value = evaluate(expression, scope);
      if (typeof value !== 'boolean') throw wrong(`The condition ${each} is no true or false.`);
      known.set(each, value);
      return value;
    },
    mapping: (map, key, each) => {
      const first = ownOf(template.mappings, map);
      const second = isObject(first) ? ownOf(first, key) : undefined;
      const value = isObject(second) ? ownOf(second, each) : undefined;
      if (value !== undefined) return value;
      throw wrong(`The mappings have no ${map}, ${key}, ${each} (Fn::FindInMap).`);
    },
  };
  return scope;
}

function pseudoParameters({ name, region }: StackFacts): JsonObject {
  return {
    'AWS::AccountId': ACCOUNT,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${ACCOUNT}:stack/${name}/local`,
    'AWS::StackName': name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
}

const ownOf = (of: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

/** Values, each when it is asked for: nobody may need one that only AWS has. */
function parametersOf(
  declared: JsonObject,
  given: StackFacts['given'],
): ReadonlyMap<string, () => Json> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) throw wrong(`The template has no parameter ${unknown}.`);
  const missing = Object.entries(declared)
    .filter(([name, facts]) => !Object.hasOwn(given, name) && !hasDefault(facts))
    .map(([name]) => name);
  if (missing.length > 0) {
    throw wrong(`Give a value for ${missing.join(', ')}: --parameter ${missing[0]}=…`);
  }
  return new Map(
    Object.entries(declared).map(([name, facts]) => {
      if (!isObject(facts)) throw wrong(`The parameter ${name} must be an object.`);
      const text = Object.hasOwn(given, name) ? given[name]! : String(facts['Default']);
      const type = String(facts['Type'] ?? 'String');
      if (type.startsWith('AWS::SSM::')) return [name, () => refuseSsm(name)];
      const value = parameterValue(name, text, type, facts);
      return [name, () => value];
    }),
  );
}

const hasDefault = (facts: Json): boolean => isObject(facts) && facts['Default'] !== undefined;

const refuseSsm = (name: string): never => {
  throw wrong(`The parameter ${name} is one of AWS Systems Manager, which is not here.`);
};

function parameterValue(name: string, whole: string, type: string, facts: JsonObject): Json {
  const isSeveral = type === 'CommaDelimitedList' || type.startsWith('List<');
  const texts = isSeveral ? whole.split(',').map((each) => each.trim()) : [whole];
  for (const text of texts) check(name, text, /Number/.test(type), facts);
  return isSeveral ? texts : whole;
}

function check(name: string, text: string, isNumber: boolean, facts: JsonObject): void {
  const refuse = (why: string): never => {
    throw wrong(`The parameter ${name} ${String(facts['ConstraintDescription'] ?? why)}.`);
  };
  const { AllowedValues: allowed, AllowedPattern: pattern } = facts;
  if (isList(allowed) && !allowed.map(String).includes(text)) {
    refuse(`must be one of ${allowed.join(', ')}`);
  }
  if (pattern !== undefined && !matches(text, String(pattern))) refuse(`must match ${pattern}`);
  const number = (bound: string, none: number) => Number(facts[bound] ?? none);
  if (text.length < number('MinLength', 0) || text.length > number('MaxLength', Infinity)) {
    refuse('is too short or too long');
  }
  if (!isNumber) return;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) refuse('must be a number');
  if (value < number('MinValue', -Infinity) || value > number('MaxValue', Infinity)) {
    refuse('is out of its range');
  }
}

function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    throw wrong(`${pattern} is no AllowedPattern that JavaScript understands.`);
  }
}

/** Values that nobody should see: those of parameters with NoEcho. */
export function secretsOf({ parameters }: Template, given: StackFacts['given']): readonly string[] {
  return Object.entries(parameters)
    .filter(([, facts]) => isObject(facts) && String(facts['NoEcho']) === 'true')
    .map(([name, facts]) => given[name] ?? String((facts as JsonObject)['Default'] ?? ''))
    .filter((value) => value !== '');
}
