import { describe, expect, test } from 'vitest';
import {
  POLICY_CHARS_MAX,
  policyText,
  readPolicy,
} from '../../../../src/control/access/iam-policy.ts';

const RULE = { Effect: 'Allow', Action: 'elasticache:Describe*', Resource: '*' };
const read = (...statements: readonly object[]) =>
  readPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
const withCondition = (Condition: unknown) => read({ ...RULE, Condition } as object);
const tagged = (operator: string, value: unknown, name = 'aws:ResourceTag/team') =>
  withCondition({ [operator]: { [name]: value } });

describe('a policy in the JSON of IAM', () => {
  test('texts, lists and one statement without a list are read', () => {
    const rule = { effect: 'Allow', actions: ['elasticache:Describe*'], resources: ['*'] };
    expect(read(RULE)).toEqual([rule]);
    expect(readPolicy(JSON.stringify({ Statement: RULE }))).toEqual([rule]);
    const deny = { Sid: 'x', Effect: 'Deny', Action: ['a:B', 'a:C'], Resource: ['x', 'y'] };
    expect(read(RULE, deny)).toEqual([
      rule,
      { effect: 'Deny', actions: ['a:B', 'a:C'], resources: ['x', 'y'] },
    ]);
  });

  test('a condition on tags of the resource is read', () => {
    expect(tagged('StringEquals', 'a')[0]?.tags).toEqual({ team: 'a' });
    expect(tagged('StringLike', 'a*', 'elasticache:ResourceTag/team')[0]?.tags).toEqual({
      team: 'a*',
    });
  });

  test('the text of a policy says the same', () => {
    const policy = [...tagged('StringLike', 'a*'), ...read({ ...RULE, Effect: 'Deny' })];
    expect(readPolicy(policyText(policy))).toEqual(policy);
  });

  test.each([
    ['no JSON', () => readPolicy('{'), 'no JSON'],
    ['a list', () => readPolicy('[]'), 'it is no object'],
    ['no statement', () => read(), 'no Statement'],
    ['another effect', () => read({ ...RULE, Effect: 'allow' }), 'neither Allow nor Deny'],
    ['no action', () => read({ Effect: 'Allow', Resource: '*' }), 'Action of statement 1'],
    ['a number', () => read({ ...RULE, Resource: [1] }), 'Resource of statement 1'],
    ['NotAction', () => read(RULE, { ...RULE, NotAction: 'x' }), 'statement 2 has NotAction'],
    ['Principal', () => read({ ...RULE, Principal: '*' }), 'has Principal'],
    ['another operator', () => withCondition({ IpAddress: {} }), 'has IpAddress'],
    ['an empty condition', () => withCondition({ StringLike: {} }), 'is empty'],
    ['another key', () => tagged('StringLike', 'x', 'aws:SourceIp'), 'is no aws:ResourceTag'],
    ['several values', () => tagged('StringLike', ['a', 'b']), 'is not one text'],
    ['a pattern in StringEquals', () => tagged('StringEquals', 'a*'), 'use StringLike'],
    ['a long text', () => readPolicy(' '.repeat(POLICY_CHARS_MAX + 1)), 'characters'],
  ])('%s is refused', (_, run, why) => {
    expect(run).toThrow(why);
  });

  test('a tag that is wanted twice is refused', () => {
    const twice = {
      StringLike: { 'aws:ResourceTag/team': 'a*' },
      StringEquals: { 'elasticache:ResourceTag/team': 'b' },
    };
    expect(() => withCondition(twice)).toThrow('twice');
  });
});
