import { describe, expect, test } from 'vitest';
import { newStack, type Stack, stepsFor, Wish } from '../../../../src/control/apply/stack.ts';
import { readTemplate } from '../../../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../../../src/control/apply/template-text.ts';

const wish = (resources: Json): Wish =>
  new Wish(readTemplate({ Resources: resources }), {
    ...{ name: 'shop', region: 'local' },
    given: {},
  });
/** The stack once its resource Web is made. */
function madeBy(wanted: Wish): Stack {
  const { type, typeName, ...made } = wanted.wanted('Web', {});
  const resource = { ...made, type: typeName, id: 'web', attributes: {} };
  return { ...newStack('shop', ''), resources: { Web: resource } };
}
const properties = (wanted: Wish) => wanted.wanted('Web', {}).properties;

describe('properties', () => {
  const cache = (more: JsonObject) =>
    wish({
      Web: {
        Type: 'AWS::ElastiCache::ServerlessCache',
        Properties: { Engine: 'memcached', ...more },
      },
    });
  const limits = (CacheUsageLimits: Json) => properties(cache({ CacheUsageLimits }));
  const user = (more: JsonObject) =>
    properties(
      wish({
        Web: {
          Type: 'AWS::ElastiCache::User',
          Properties: { UserId: 'a', UserName: 'a', Engine: 'memcached', ...more },
        },
      }),
    );
  const mode = (AuthenticationMode: Json) => user({ AuthenticationMode });
  test.each<[string, () => unknown, RegExp]>([
    ['null', () => limits({ DataStorage: null }), /CacheUsageLimits.DataStorage must be an obj/],
    ['a text', () => limits({ DataStorage: '10' }), /CacheUsageLimits.DataStorage must be an obj/],
    ['an unknown one', () => limits({ DataStorage: { Maximun: 10 } }), /unknown member Maximun/],
    ['an empty one', () => limits({ ECPUPerSecond: {} }), /ECPUPerSecond is empty/],
    ['no number', () => limits({ ECPUPerSecond: { Maximum: 'x' } }), /Maximum must be a whole/],
    ['another unit', () => limits({ DataStorage: { Unit: 'TB' } }), /Unit must be GB/],
    ['no list', () => mode({ Type: 'password', Passwords: 'x' }), /Passwords must be a list/],
    ['null in a list', () => mode({ Passwords: [null] }), /Passwords\[0\] must be a text/],
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
    const stack = madeBy(cache(before));
    expect(() => stepsFor(stack, cache(after))).toThrow(`Web no longer has ${name}, and`);
    expect(stepsFor(stack, cache(before))).toMatchObject([{ action: 'none' }]);
  });
  test('a template may lose MajorEngineVersion: it has one value', () => {
    const stack = madeBy(cache({ MajorEngineVersion: '1.6' }));
    expect(stepsFor(stack, cache({}))).toMatchObject([{ action: 'update' }]);
  });
  test.each<[string, JsonObject]>([
    ['nothing', {}],
    ['NoPasswordRequired', { NoPasswordRequired: true }],
    ['a mode without passwords', { AuthenticationMode: { Type: 'password' } }],
    ['a value that is none', { Passwords: { Ref: 'AWS::NoValue' } }],
    ['an empty list', { Passwords: [{ Ref: 'AWS::NoValue' }] }],
  ])('a user with %s in place of passwords is refused before a run', (_, more) => {
    expect(() => user(more)).toThrow('Web needs Passwords: a user of Memcached has one or two.');
  });
  test.each<[string, JsonObject]>([
    ['Passwords', { Passwords: ['sixteen-letters-1'] }],
    ['AuthenticationMode', { AuthenticationMode: { Passwords: ['sixteen-letters-1'] } }],
  ])('a user may have its passwords in %s', (_, more) => {
    expect(user(more)).toMatchObject(more);
  });
  test('members of objects become what the model says', () => {
    expect(limits({ DataStorage: { Maximum: '10', Unit: 'GB' } })['CacheUsageLimits']).toEqual({
      DataStorage: { Maximum: 10, Unit: 'GB' },
    });
  });
});
