import { describe, expect, test } from 'vitest';
import { newStack, stepsFor, Wish } from '../../../../src/control/apply/stack.ts';
import { readTemplate } from '../../../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../../../src/control/apply/template-text.ts';

const wish = (resources: Json): Wish =>
  new Wish(readTemplate({ Resources: resources }), {
    ...{ name: 'shop', region: 'local' },
    given: {},
  });
const properties = (wanted: Wish) => wanted.wanted('Web', {}).properties;

describe('properties', () => {
  const limits = (CacheUsageLimits: Json) =>
    properties(
      wish({
        Web: {
          Type: 'AWS::ElastiCache::ServerlessCache',
          Properties: { Engine: 'memcached', CacheUsageLimits },
        },
      }),
    );
  const user = (AuthenticationMode: Json) =>
    properties(
      wish({
        Web: {
          Type: 'AWS::ElastiCache::User',
          Properties: { UserId: 'a', UserName: 'a', Engine: 'memcached', AuthenticationMode },
        },
      }),
    );
  test.each<[string, () => unknown, RegExp]>([
    ['null', () => limits({ DataStorage: null }), /CacheUsageLimits.DataStorage must be an obj/],
    ['a text', () => limits({ DataStorage: '10' }), /CacheUsageLimits.DataStorage must be an obj/],
    ['an unknown one', () => limits({ DataStorage: { Maximun: 10 } }), /unknown member Maximun/],
    ['an empty one', () => limits({ ECPUPerSecond: {} }), /ECPUPerSecond is empty/],
    ['no number', () => limits({ ECPUPerSecond: { Maximum: 'x' } }), /Maximum must be a whole/],
    ['another unit', () => limits({ DataStorage: { Unit: 'TB' } }), /Unit must be GB/],
    ['no list', () => user({ Type: 'password', Passwords: 'x' }), /Passwords must be a list/],
    ['null in a list', () => user({ Passwords: [null] }), /Passwords\[0\] must be a text/],
  ])('a member of an object that is %s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
  test.each([
    ['CacheUsageLimits', { CacheUsageLimits: { ECPUPerSecond: { Maximum: 5000 } } }, {}],
    ['DailySnapshotTime', { DailySnapshotTime: '04:00' }, {}],
    [
      'CacheUsageLimits.ECPUPerSecond',
      {
        CacheUsageLimits: {
          DataStorage: { Maximum: 10, Unit: 'GB' },
          ECPUPerSecond: { Maximum: 5000 },
        },
      },
      { CacheUsageLimits: { DataStorage: { Maximum: 10, Unit: 'GB' } } },
    ],
  ])('a template that loses %s is refused: no call takes it back', (name, before, after) => {
    const cache = (Properties: JsonObject) =>
      wish({
        Web: {
          Type: 'AWS::ElastiCache::ServerlessCache',
          Properties: { Engine: 'memcached', ...Properties },
        },
      });
    const { type, typeName, ...made } = cache(before).wanted('Web', {});
    const resource = { ...made, type: typeName, id: 'web', attributes: {} };
    const stack = { ...newStack('shop', ''), resources: { Web: resource } };
    expect(() => stepsFor(stack, cache(after))).toThrow(`Web no longer has ${name}, and`);
    expect(stepsFor(stack, cache(before))).toMatchObject([{ action: 'none' }]);
  });
  test('members of objects become what the model says', () => {
    expect(limits({ DataStorage: { Maximum: '10', Unit: 'GB' } })['CacheUsageLimits']).toEqual({
      DataStorage: { Maximum: 10, Unit: 'GB' },
    });
  });
});
