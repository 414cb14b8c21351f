/** The parts of a template; pure. */
import { isList, isObject, type Json, type JsonObject, wrong } from './template-text.ts';

interface TemplateResource {
  readonly type: string;
  readonly properties: JsonObject;
  readonly condition: string | undefined;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  /** Of a resource that another one replaces. */
  readonly replacePolicy: DeletionPolicy;
}

export type DeletionPolicy = 'Delete' | 'Retain' | 'Snapshot';

export interface Template {
  readonly parameters: JsonObject;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  readonly resources: ReadonlyMap<string, TemplateResource>;
  readonly outputs: JsonObject;
}

const SECTIONS = [
  ...['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings', 'Rules'],
  ...['Conditions', 'Resources', 'Outputs', 'Transform'],
];
const ATTRIBUTES = [
  ...['Type', 'Properties', 'DependsOn', 'Condition', 'DeletionPolicy', 'UpdateReplacePolicy'],
  ...['Metadata', 'CreationPolicy', 'UpdatePolicy'],
];
/** CloudFormation's quota. */
const RESOURCES_MAX = 500;
/** Its synthesiser adds them to each template. */
const OF_CDK = { resource: 'AWS::CDK::Metadata', rule: 'CheckBootstrapVersion' };

/** @throws {CodedError} `ERR_TEMPLATE` */
export function readTemplate(value: Json): Template {
  if (!isObject(value)) throw wrong('The template must be an object with the section Resources.');
  const unknown = Object.keys(value).find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined) throw wrong(`The template has the unknown section ${unknown}.`);
  if (value['Transform'] !== undefined) {
    throw wrong('Transform needs AWS: apply the template that it makes (sam build, cdk synth).');
  }
  const rules = Object.keys(section(value, 'Rules')).filter((name) => name !== OF_CDK.rule);
  if (rules.length > 0) throw wrong(`Rules are not supported (${rules[0]}): take them out.`);
  const resources = section(value, 'Resources');
  const ids = Object.keys(resources);
  if (ids.length === 0) throw wrong('The template has no Resources.');
  if (ids.length > RESOURCES_MAX) throw wrong(`A template has at most ${RESOURCES_MAX} resources.`);
  return {
    parameters: section(value, 'Parameters'),
    mappings: section(value, 'Mappings'),
    conditions: section(value, 'Conditions'),
    outputs: section(value, 'Outputs'),
    resources: new Map(
      ids
        .map((id) => [id, readResource(id, resources[id]!)] as const)
        .filter(([, { type }]) => type !== OF_CDK.resource),
    ),
  };
}

function section(template: JsonObject, name: string): JsonObject {
  const value = template[name];
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw wrong(`The section ${name} must be an object.`);
}

function readResource(id: string, value: Json): TemplateResource {
  if (!/^[A-Za-z0-9]{1,255}$/.test(id))
    throw wrong(`${id} is no name of a resource: letters, digits.`);
  if (!isObject(value)) throw wrong(`The resource ${id} must be an object.`);
  const unknown = Object.keys(value).find((name) => !ATTRIBUTES.includes(name));
  if (unknown !== undefined)
    throw wrong(`The resource ${id} has the unknown attribute ${unknown}.`);
  const { Type: type, Condition: condition } = value;
  if (typeof type !== 'string') throw wrong(`The resource ${id} has no Type.`);
  if (condition !== undefined && typeof condition !== 'string') {
    throw wrong(`The Condition of ${id} must be the name of one.`);
  }
  const properties = value['Properties'] ?? {};
  if (!isObject(properties)) throw wrong(`The Properties of ${id} must be an object.`);
  return {
    type,
    properties,
    condition,
    dependsOn: namesIn(id, value['DependsOn'] ?? []),
    deletionPolicy: policyIn(id, value, 'DeletionPolicy'),
    replacePolicy: policyIn(id, value, 'UpdateReplacePolicy'),
  };
}

function policyIn(id: string, value: JsonObject, name: string): DeletionPolicy {
  const policy = value[name] ?? 'Delete';
  if (policy === 'Delete' || policy === 'Retain' || policy === 'Snapshot') return policy;
  if (policy === 'RetainExceptOnCreate') return 'Retain';
  throw wrong(`The ${name} of ${id} must be Delete, Retain or Snapshot.`);
}

function namesIn(id: string, value: Json): readonly string[] {
  const names = isList(value) ? value : [value];
  if (names.every((name) => typeof name === 'string')) return names;
  throw wrong(`DependsOn of ${id} must be a name of a resource, or a list of names.`);
}
