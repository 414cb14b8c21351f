import { describe, expect, test } from 'vitest';
import { newStack, stepsFor, Wish } from '../../../../src/control/apply/stack.ts';
import { readTemplate } from '../../../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../../../src/control/apply/template-text.ts';

const wish = (resources: Json, sections: JsonObject = {}): Wish =>
  new Wish(readTemplate({ Resources: resources, ...sections }), {
    ...{ name: 'shop', region: 'local' },
    given: {},
  });
const group = () => ({
  Type: 'AWS::ElastiCache::ParameterGroup',
  Properties: { CacheParameterGroupFamily: 'memcached1.6', Description: 'x' },
});

describe('outputs', () => {
  const planned = (Outputs: JsonObject) =>
    stepsFor(newStack('shop', ''), wish({ G: group() }, { Outputs }));
  test.each<[string, JsonObject, RegExp]>([
    ['of another stack', { O: { Value: { 'Fn::ImportValue': 'x' } } }, /ImportValue is not supp/],
    ['of a wrong attribute', { O: { Value: { 'Fn::GetAtt': ['G', 'Url'] } } }, /no attribute Url/],
    ['that is null', { O: null }, /output O must be an object with a Value/],
    ['without a value', { O: { Description: 'x' } }, /output O must be an object with a Value/],
  ])('an output %s is refused before anything is made', (_, outputs, message) => {
    expect(() => planned(outputs)).toThrow(message);
  });
  test('an output may take a part of what is not known yet', () => {
    const arn = { 'Fn::Split': [':', { 'Fn::GetAtt': ['G', 'Arn'] }] };
    expect(planned({ O: { Value: { 'Fn::Select': [1, arn] } } })).toHaveLength(1);
    expect(() => planned({ O: { Value: { 'Fn::Select': ['x', arn] } } })).toThrow(/not there/);
  });
});
