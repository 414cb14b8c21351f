/** What a stack has, and what a template would change of it; pure. */
import { randomBytes } from 'node:crypto';
import { sha256 } from '../../base/index.ts';
import { evaluate, namesIn, type Scope } from './expressions.ts';
import {
  canonical,
  changedNames,
  checkedProperties,
  stuckNames,
  unknownText,
} from './properties.ts';
import type { ResourceType } from './resource-type.ts';
import { type ResourceValue, type StackFacts, scopeFor, secretsOf } from './scope.ts';
import type { DeletionPolicy, Template } from './template.ts';
import { isObject, type Json, type JsonObject, wrong } from './template-text.ts';
import { resourceType } from './types.ts';

/** A resource that was made. */
export interface StackResource {
  readonly type: string;
  /** Its name at the API: what `Ref` is. */
  readonly id: string;
  /** As they were last applied; secrets as hashes. */
  readonly properties: JsonObject;
  readonly attributes: JsonObject;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  readonly replacePolicy: DeletionPolicy;
  /** Its creation has begun, and nothing says that it has ended. */
  readonly isPending?: boolean;
}

export interface Stack {
  readonly name: string;
  /** Of the API that has its resources. */
  readonly endpoint: string;
  /** Of the hashes of secrets. */
  readonly salt: string;
  readonly resources: Readonly<Record<string, StackResource>>;
  /** Replaced ones that are not deleted yet, by the names that they had in the template. */
  readonly leftovers: readonly (StackResource & { readonly logical: string })[];
}

export const newStack = (name: string, endpoint: string): Stack => {
  return { name, endpoint, salt: randomBytes(16).toString('hex'), resources: {}, leftovers: [] };
};

export interface Step {
  readonly logical: string;
  readonly type: string;
  readonly action: 'create' | 'update' | 'replace' | 'delete' | 'keep' | 'none';
  /** The properties that change. */
  readonly changed: readonly string[];
}

/** A resource as the template wants it. */
export interface Wanted {
  readonly type: ResourceType;
  readonly typeName: string;
  readonly properties: JsonObject;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  readonly replacePolicy: DeletionPolicy;
}

/** A template with its parameters, as the wish for one stack. */
export class Wish {
  readonly template: Template;
  readonly order: readonly string[];
  readonly #facts: StackFacts;

  constructor(template: Template, facts: StackFacts) {
    this.template = template;
    this.#facts = facts;
    const scope = this.scope({});
    const ids = [...template.resources.keys()].filter((id) => {
      const { condition, type } = template.resources.get(id)!;
      const isIn = condition === undefined || scope.condition(condition);
      if (isIn) resourceType(id, type);
      return isIn;
    });
    this.order = ordered(ids, (id) => this.#needs(id));
  }

  /** @param resources what is there, or what will be. */
  scope(resources: Stack['resources']): Scope {
    const value: ResourceValue = (id, attribute) => {
      const declared = this.template.resources.get(id);
      if (declared === undefined || this.order?.includes(id) === false) return undefined;
      const found = resources[id];
      const type = resourceType(id, declared.type);
      if (attribute !== undefined && !type.attributes.includes(attribute)) {
        throw wrong(
          `${id} has no attribute ${attribute}; it has ${type.attributes.join(', ') || 'none'}.`,
        );
      }
      if (found === undefined || found.isPending) {
        return unknownText(attribute === undefined ? id : `${id}.${attribute}`);
      }
      return attribute === undefined ? found.id : (found.attributes[attribute] ?? '');
    };
    return scopeFor(this.template, this.#facts, value);
  }

  /** @throws {CodedError} `ERR_TEMPLATE` */
  wanted(id: string, resources: Stack['resources']): Wanted {
    const declared = this.template.resources.get(id)!;
    const type = resourceType(id, declared.type);
    const given = evaluate(declared.properties, this.scope(resources)) as JsonObject;
    const properties = checkedProperties(id, given, type.properties);
    type.check?.(id, properties);
    return {
      type,
      typeName: declared.type,
      properties,
      dependsOn: this.#needs(id),
      deletionPolicy: declared.deletionPolicy,
      replacePolicy: declared.replacePolicy,
    };
  }

  /**
   * Their values, without those of parameters with NoEcho.
   * @throws {CodedError} `ERR_TEMPLATE`
   */
  outputs(resources: Stack['resources']): Readonly<Record<string, string>> {
    const scope = this.scope(resources);
    const secrets = secretsOf(this.template, this.#facts.given);
    const pairs = Object.entries(this.template.outputs).flatMap(([name, output]) => {
      if (!isObject(output) || output['Value'] === undefined) {
        throw wrong(`The output ${name} must be an object with a Value.`);
      }
      const { Condition, Value } = output;
      if (typeof Condition === 'string' && !scope.condition(Condition)) return [];
      const value = evaluate(Value, scope) ?? '';
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return [[name, secrets.reduce((all, each) => all.replaceAll(each, '****'), text)] as const];
    });
    return Object.fromEntries(pairs);
  }

  #needs(id: string): readonly string[] {
    const { properties, dependsOn } = this.template.resources.get(id)!;
    const unknown = dependsOn.find((name) => !this.template.resources.has(name));
    if (unknown !== undefined) throw wrong(`${id} depends on ${unknown}, which is not there.`);
    const names = new Set([...dependsOn, ...namesIn(properties)]);
    return [...names].filter((name) => this.template.resources.has(name));
  }
}

/**
 * Each after those that it needs.
 * @throws {CodedError} `ERR_TEMPLATE` for a cycle.
 */
function ordered(
  ids: readonly string[],
  needs: (id: string) => readonly string[],
): readonly string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id) || !ids.includes(id)) return;
    if (path.includes(id)) {
      throw wrong(
        `Resources need each other: ${[...path.slice(path.indexOf(id)), id].join(' → ')}.`,
      );
    }
    path.push(id);
    for (const each of needs(id)) visit(each);
    path.pop();
    done.add(id);
  };
  for (const id of ids) visit(id);
  return [...done];
}

/** What becomes of one resource of the template. */
export function stepFor(
  logical: string,
  before: StackResource | undefined,
  { type, typeName, properties }: Wanted,
  salt: string,
): Step {
  const step = (action: Step['action'], changed: readonly string[]): Step => {
    return { logical, type: typeName, action, changed };
  };
  if (before === undefined || before.isPending) return step('create', Object.keys(properties));
  if (before.type !== typeName) return step('replace', ['Type']);
  const changed = changedNames(before.properties, sealed(properties, type, salt));
  if (changed.length === 0) return step('none', []);
  if (!changed.some((name) => type.properties[name]?.replaces)) {
    const [stuck] = stuckNames(before.properties, properties, type.properties);
    if (stuck === undefined) return step('update', changed);
    throw wrong(
      `${logical} no longer has ${stuck}, and no call takes it back: write its default, or the ` +
        'value that it has.',
    );
  }
  const { nameProperty } = type;
  const isNamed = nameProperty !== undefined && properties[nameProperty] !== undefined;
  if (isNamed && !changed.includes(nameProperty)) {
    throw wrong(
      `${logical} would be replaced (${changed.join(', ')}), and its ${nameProperty} is taken by ` +
        'itself: change the name, too, or leave it out.',
    );
  }
  return step('replace', changed);
}

/**
 * All steps that make the stack as it is wanted.
 * @throws {CodedError} `ERR_TEMPLATE`, also for outputs: later it would be too late.
 */
export function stepsFor(stack: Stack, wish: Wish): readonly Step[] {
  const resources = { ...stack.resources };
  const steps = wish.order.map((logical) => {
    const step = stepFor(
      logical,
      stack.resources[logical],
      wish.wanted(logical, resources),
      stack.salt,
    );
    // What it will be is not known yet.
    if (step.action === 'create' || step.action === 'replace') delete resources[logical];
    return step;
  });
  wish.outputs(resources);
  return [...steps, ...deletions(stack, wish.order)];
}

/** What the template no longer has goes, those first that need others. */
export function deletions(stack: Stack, kept: readonly string[]): readonly Step[] {
  const gone = Object.keys(stack.resources).filter((logical) => !kept.includes(logical));
  const order = ordered(gone, (logical) => stack.resources[logical]!.dependsOn).toReversed();
  return order.map((logical) => {
    const { type, deletionPolicy } = stack.resources[logical]!;
    const action = deletionPolicy === 'Retain' ? 'keep' : 'delete';
    return { logical, type, action, changed: [] };
  });
}

/** The properties with hashes in place of secrets. */
export function sealed(properties: JsonObject, type: ResourceType, salt: string): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]): [string, Json] => {
      if (!type.properties[name]?.isSecret) return [name, value];
      return [name, `sha256:${sha256(salt + canonical(value))}`];
    }),
  );
}

/** A name for a resource that the template does not name: `shop-web-1a2b3c4d`. */
export function nameFor(stack: string, logical: string): string {
  const base = `${stack}-${logical}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  return `${base.slice(0, 31).replace(/-$/, '') || 'x'}-${randomBytes(4).toString('hex')}`;
}
