// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates have them
import { describe, expect, test } from 'vitest';
import { newStack, type Stack, stepsFor, Wish } from '../../../../src/control/apply/stack.ts';
import { readTemplate } from '../../../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../../../src/control/apply/template-text.ts';

const CLUSTER = { Engine: 'memcached', CacheNodeType: 'slabring.64x1', NumCacheNodes: 2 };
const cluster = (more: JsonObject = {}, attributes: JsonObject = {}): JsonObject => ({
  Type: 'AWS::ElastiCache::CacheCluster',
  Properties: { ...CLUSTER, ...more },
  ...attributes,
});
const GROUP = { CacheParameterGroupFamily: 'memcached1.6', Description: 'x' };
const group = (more: JsonObject = {}): JsonObject => ({
  Type: 'AWS::ElastiCache::ParameterGroup',
  Properties: { ...GROUP, ...more },
});

const wish = (resources: Json, sections: JsonObject = {}, given = {}): Wish =>
  new Wish(readTemplate({ Resources: resources, ...sections }), {
    ...{ name: 'shop', region: 'local' },
    given,
  });

/** The stack once the wish has come true. */
function madeBy(wanted: Wish): Stack {
  const stack = newStack('shop', 'http://a');
  const resources: Record<string, Stack['resources'][string]> = {};
  for (const logical of wanted.order) {
    const { typeName, properties, type, ...rest } = wanted.wanted(logical, resources);
    const attributes = Object.fromEntries(type.attributes.map((name) => [name, `<${name}>`]));
    const facts = { ...rest, attributes, properties };
    resources[logical] = { type: typeName, id: `id-${logical.toLowerCase()}`, ...facts };
  }
  return { ...stack, resources };
}

const shown = (before: Wish | undefined, after: Wish) =>
  stepsFor(before === undefined ? newStack('shop', '') : madeBy(before), after)
    .filter(({ action }) => action !== 'none')
    .map(({ logical, action, changed }) => [logical, action, changed.join()]);

const properties = (wanted: Wish, id = 'Web') => wanted.wanted(id, {}).properties;
const tagged = (value: Json, sections: JsonObject = {}, given = {}) =>
  properties(wish({ Web: cluster({ ClusterName: value }) }, sections, given))['ClusterName'];

describe('change sets', () => {
  const base = wish({ Web: cluster({ CacheParameterGroupName: { Ref: 'G' } }), G: group() });
  test.each([
    ['nothing', base, []],
    [
      'a property that changes in place',
      wish({
        Web: cluster({ CacheParameterGroupName: { Ref: 'G' }, NumCacheNodes: '3' }),
        G: group(),
      }),
      [['Web', 'update', 'NumCacheNodes']],
    ],
    [
      'a group that is replaced, and what refers to it',
      wish({
        Web: cluster({ CacheParameterGroupName: { Ref: 'G' } }),
        G: group({ Description: 'other' }),
      }),
      [
        ['G', 'replace', 'Description'],
        ['Web', 'update', 'CacheParameterGroupName'],
      ],
    ],
    [
      'a resource that is new, and one that is gone',
      wish({ Other: group(), G: group() }),
      [
        ['Other', 'create', 'CacheParameterGroupFamily,Description'],
        ['Web', 'delete', ''],
      ],
    ],
    [
      'another type under the same name',
      wish({ Web: group(), G: group() }),
      [['Web', 'replace', 'Type']],
    ],
  ])('%s', (_, after, steps) => {
    expect(shown(base, after)).toEqual(steps);
  });
  test('the order of creation is that of references and DependsOn, whatever the file has', () => {
    const all = wish({
      A: cluster({ CacheParameterGroupName: { 'Fn::Sub': 'x-${B}' } }, { DependsOn: 'C' }),
      B: group({ Description: { 'Fn::GetAtt': ['C', 'Arn'] } }),
      C: group(),
    });
    expect(all.order).toEqual(['C', 'B', 'A']);
    const gone = stepsFor(madeBy(all), wish({ Z: group() })).slice(1);
    expect(gone.map(({ logical }) => logical)).toEqual(['A', 'B', 'C']);
  });
  test('a named resource is not replaced by one of its own name', () => {
    const named = (port: number, name = 'web') =>
      wish({ Web: cluster({ ClusterName: name, Port: port }) });
    expect(() => shown(named(1), named(2))).toThrow(/its ClusterName is taken by itself/);
    expect(shown(named(1), named(2, 'new'))).toEqual([['Web', 'replace', 'ClusterName,Port']]);
  });
  test('a retained resource is kept when the template no longer has it', () => {
    const retained = wish({ Web: cluster({}, { DeletionPolicy: 'Retain' }), G: group() });
    expect(shown(retained, wish({ G: group() }))).toEqual([['Web', 'keep', '']]);
  });
});

describe('functions', () => {
  const sections: JsonObject = {
    Parameters: {
      Name: { Type: 'String', Default: 'n' },
      List: { Type: 'CommaDelimitedList', Default: 'a, b' },
    },
    Mappings: { M: { x: { y: 'found' } } },
    Conditions: {
      Yes: { 'Fn::Equals': [{ Ref: 'Name' }, 'n'] },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
      Both: { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Or': [{ Condition: 'No' }, true] }] },
    },
  };
  test.each([
    ['Ref of a parameter', { Ref: 'Name' }, 'n'],
    ['a pseudo parameter', { Ref: 'AWS::StackName' }, 'shop'],
    ['Fn::Sub', { 'Fn::Sub': '${Name}-${AWS::Region}-${!Raw}' }, 'n-local-${Raw}'],
    ['Fn::Sub with values', { 'Fn::Sub': ['${a}', { a: { Ref: 'Name' } }] }, 'n'],
    ['Fn::Join', { 'Fn::Join': ['+', { Ref: 'List' }] }, 'a+b'],
    ['Fn::Select', { 'Fn::Select': ['1', { 'Fn::Split': ['.', 'x.y'] }] }, 'y'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['M', 'x', 'y'] }, 'found'],
    ['Fn::If', { 'Fn::If': ['Both', 'yes', 'no'] }, 'yes'],
    ['AWS::NoValue', { 'Fn::If': ['No', 'x', { Ref: 'AWS::NoValue' }] }, undefined],
    ['Fn::Base64', { 'Fn::Base64': 'a' }, 'YQ=='],
    ['Fn::GetAZs', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'local-1a'],
  ] as const)('%s', (_, value, expected) => {
    expect(tagged(value as unknown as Json, sections)).toBe(expected);
  });
  test('a resource whose condition is false is not there, and nothing may refer to it', () => {
    const off = { Conditions: { Off: { 'Fn::Equals': ['a', 'b'] } } };
    const all = { G: { ...group(), Condition: 'Off' }, Web: cluster() };
    expect(wish(all, off).order).toEqual(['Web']);
    const refers = { ...all, Web: cluster({ ClusterName: { Ref: 'G' } }) };
    expect(() => properties(wish(refers, off))).toThrow(/its Condition is false/);
  });
  test('what CDK adds to each template is left out', () => {
    const cdk = {
      Parameters: {
        BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk/version' },
      },
      Rules: { CheckBootstrapVersion: { Assertions: [{ Assert: { 'Fn::Contains': [] } }] } },
    };
    const meta = { Type: 'AWS::CDK::Metadata', Properties: { Analytics: 'v2' }, Condition: 'C' };
    const all = wish({ Web: cluster(), CDKMetadata: meta }, cdk);
    expect(all.order).toEqual(['Web']);
    expect(() => tagged({ Ref: 'BootstrapVersion' }, cdk)).toThrow(/Systems Manager/);
  });
  test('an output with the value of a parameter with NoEcho hides it', () => {
    const all = wish(
      { G: group() },
      {
        Parameters: { P: { Type: 'String', NoEcho: true } },
        Outputs: { O: { Value: { 'Fn::Sub': 'it is ${P}!' } } },
      },
      { P: 'hunter2' },
    );
    expect(all.outputs({})).toEqual({ O: 'it is ****!' });
  });
});

describe('refusals', () => {
  const doubling = (depth: number): Json =>
    depth === 0
      ? 'xxxxxxxxxx'
      : { 'Fn::Sub': ['${a}${a}${a}${a}${a}${a}${a}${a}', { a: doubling(depth - 1) }] };
  test.each<[string, () => unknown, RegExp]>([
    ['another service', () => wish({ B: { Type: 'AWS::S3::Bucket' } }), /B is an AWS::S3::Bucket/],
    [
      'a replication group',
      () => wish({ R: { Type: 'AWS::ElastiCache::ReplicationGroup' } }),
      /Memcached has none/,
    ],
    [
      'a cycle',
      () =>
        wish({ A: group({ Description: { Ref: 'B' } }), B: group({ Description: { Ref: 'A' } }) }),
      /Resources need each other: A → B → A/,
    ],
    ['a resource of itself', () => wish({ A: group({ Description: { Ref: 'A' } }) }), /A → A/],
    ['an unknown reference', () => tagged({ Ref: 'Nobody' }), /no resource Nobody/],
    ['a name of objects', () => tagged({ Ref: 'constructor' }), /no resource constructor/],
    [
      'an unknown attribute',
      () => tagged({ 'Fn::GetAtt': ['Web', 'Arn2'] }),
      /Web → Web|no attribute/,
    ],
    ['an unknown function', () => tagged({ 'Fn::ImportValue': 'x' }), /ImportValue is not supp/],
    ['a function of objects', () => tagged({ 'Fn::toString': 'x' }), /is not supported/],
    ['a function beside names', () => tagged({ 'Fn::Sub': 'x', a: 1 }), /must be alone/],
    ['a dynamic reference', () => tagged('{{resolve:ssm:x}}'), /asks a service of AWS/],
    ['a text that grows', () => tagged(doubling(12)), /over 65536 characters/],
    ['an unknown property', () => properties(wish({ Web: cluster({ Sise: 1 }) })), /property Sise/],
    ['a missing one', () => properties(wish({ Web: { ...cluster(), Properties: {} } })), /needs/],
    [
      'a number that is none',
      () => properties(wish({ Web: cluster({ NumCacheNodes: 'two' }) })),
      /Web.NumCacheNodes must be a whole number/,
    ],
    ['a transform', () => wish({ Web: cluster() }, { Transform: 'AWS::Serverless' }), /needs AWS/],
    ['a rule', () => wish({ Web: cluster() }, { Rules: { R: {} } }), /Rules are not supported/],
    ['an unknown section', () => wish({ Web: cluster() }, { Resource: {} }), /section Resource/],
    ['no resources', () => wish({}), /no Resources/],
    [
      'too many',
      () => wish(Object.fromEntries(Array.from({ length: 501 }, (_, nth) => [`A${nth}`, group()]))),
      /at most 500/,
    ],
    ['DependsOn of nobody', () => wish({ A: { ...group(), DependsOn: 'B' } }), /depends on B/],
    [
      'a condition of itself',
      () => wish({ A: { ...group(), Condition: 'C' } }, { Conditions: { C: { Condition: 'C' } } }),
      /refers to itself/,
    ],
    ['a missing parameter', () => wish({ A: group() }, { Parameters: { P: {} } }), /value for P/],
    ['an unknown one', () => wish({ A: group() }, {}, { P: '1' }), /no parameter P/],
    [
      'a value that is not allowed',
      () => wish({ A: group() }, { Parameters: { P: { AllowedValues: ['a'] } } }, { P: 'b' }),
      /P must be one of a/,
    ],
    [
      'a number out of its range',
      () =>
        wish({ A: group() }, { Parameters: { P: { Type: 'Number', MaxValue: 3 } } }, { P: '4' }),
      /out of its range/,
    ],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
  test.each([
    ['[a-zA-Z][a-zA-Z0-9-]*', 'my-cache', '-a'],
    ['[a-z0-9-]*', 'a-1', 'A'],
    ['[\\w.()]+', 'a.(b)', 'a-b'],
  ])('an AllowedPattern %s is judged', (AllowedPattern, yes, no) => {
    const all = (P: string) =>
      wish({ A: group() }, { Parameters: { P: { AllowedPattern } } }, { P });
    expect(all(yes).order).toEqual(['A']);
    expect(() => all(no)).toThrow(/P must match/);
  });
  test('conditions that refer to each other twice each are judged once', () => {
    const conditions = Object.fromEntries(
      Array.from({ length: 60 }, (_, nth) => [
        `C${nth}`,
        nth === 0
          ? { 'Fn::Equals': ['a', 'a'] }
          : { 'Fn::And': [{ Condition: `C${nth - 1}` }, { Condition: `C${nth - 1}` }] },
      ]),
    );
    const all = wish({ A: { ...group(), Condition: 'C59' } }, { Conditions: conditions });
    expect(all.order).toEqual(['A']);
  });
});
