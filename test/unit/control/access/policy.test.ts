import { describe, expect, test } from 'vitest';
import { EVERYTHING, isAllowed, type Policy } from '../../../../src/control/access/policy.ts';

const ARN = 'arn:aws:elasticache:local:000000000000:cluster:web-1';
const on = (arn: string, tags: Readonly<Record<string, string>> = {}) => [{ arn, tags }];
const create = 'elasticache:CreateCacheCluster';
const allow = (more: Partial<Policy[number]>): Policy[number] => ({
  effect: 'Allow',
  actions: ['*'],
  resources: ['*'],
  ...more,
});

describe('a policy', () => {
  test('without a statement nothing is allowed', () => {
    expect(isAllowed([], { action: create, resources: [] })).toBe(false);
  });

  test('the first key may do everything', () => {
    expect(isAllowed(EVERYTHING, { action: create, resources: on(ARN) })).toBe(true);
    expect(isAllowed(EVERYTHING, { action: create, resources: [] })).toBe(true);
  });

  test.each([
    ['elasticache:Describe*', false],
    ['elasticache:Create*', true],
    ['ELASTICACHE:createcachecluster', true],
    ['elasticache:CreateCacheCluste?', true],
    ['elasticache:CreateCacheCluster?', false],
    ['*Cluster', true],
    ['', false],
  ])('the action %s is %s for CreateCacheCluster', (pattern, expected) => {
    const policy = [allow({ actions: [pattern] })];
    expect(isAllowed(policy, { action: create, resources: on(ARN) })).toBe(expected);
  });

  test('a resource has to match, and a listing needs all of them', () => {
    const policy = [allow({ resources: ['arn:aws:elasticache:*:*:cluster:web-*'] })];
    expect(isAllowed(policy, { action: create, resources: on(ARN) })).toBe(true);
    expect(
      isAllowed(policy, { action: create, resources: on(`${ARN}`.replace('web', 'db')) }),
    ).toBe(false);
    expect(isAllowed(policy, { action: create, resources: [] })).toBe(false);
    const both = [...on(ARN), ...on('arn:aws:elasticache:local:0:parametergroup:p')];
    expect(isAllowed(policy, { action: create, resources: both })).toBe(false);
  });

  test('a denial wins', () => {
    const policy = [allow({}), allow({ effect: 'Deny', actions: ['*:Delete*'] })];
    expect(isAllowed(policy, { action: 'elasticache:DeleteCacheCluster', resources: [] })).toBe(
      false,
    );
    expect(isAllowed(policy, { action: create, resources: [] })).toBe(true);
  });

  test('tags have to match', () => {
    const policy = [allow({ tags: { team: 'web*' } })];
    expect(isAllowed(policy, { action: create, resources: on(ARN, { team: 'web-1' }) })).toBe(true);
    expect(isAllowed(policy, { action: create, resources: on(ARN, { team: 'db' }) })).toBe(false);
    expect(isAllowed(policy, { action: create, resources: on(ARN) })).toBe(false);
  });

  test('a pattern of many stars is decided soon', () => {
    const policy = [allow({ resources: [`${'*a'.repeat(60)}b`] })];
    expect(isAllowed(policy, { action: create, resources: on('a'.repeat(255)) })).toBe(false);
  });
});
