import { describe, expect, test } from 'vitest';
import {
  DEFAULT_ENGINE_VERSION,
  ENGINE_VERSIONS,
  engineVersion,
  isUpgrade,
} from '../../../../src/control/model/engine.ts';
import { NODE_TYPES, nodeType, otherTypes } from '../../../../src/control/model/node-types.ts';
import {
  PARAMETERS,
  parameterNamed,
  whyContradictory,
  whyInvalid,
} from '../../../../src/control/model/parameters.ts';
import { freePorts } from '../../../../src/control/model/ports.ts';

describe('node types', () => {
  test('those of ElastiCache have its memory and threads', () => {
    expect(nodeType('cache.t3.micro')).toMatchObject({ memoryMib: 512, threads: 2 });
    expect(nodeType('cache.r5.large')).toMatchObject({ memoryMib: 13_387, threads: 2 });
  });

  test('a type of slabring says its own', () => {
    expect(nodeType('slabring.256x2')).toMatchObject({ memoryMib: 256, threads: 2 });
  });

  test.each([
    'cache.t9.micro',
    'slabring.4x1',
    'slabring.256',
    'slabring.256x0',
    'cache.r5.24xlarge',
  ])('%s is none that can run', (name) => {
    expect(nodeType(name)).toBeUndefined();
  });

  test('the others are larger or smaller, and none is both', () => {
    const type = nodeType('cache.m5.large')!;
    const { larger, smaller } = otherTypes(type);
    expect(new Set([...larger, ...smaller]).size).toBe(larger.length + smaller.length);
    expect([larger, smaller].flat()).not.toContain(type.name);
    expect(smaller).toContain('cache.t3.micro');
  });

  test('they are listed from small to large', () => {
    const sizes = NODE_TYPES.map(({ memoryMib }) => memoryMib);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });
});

describe('engine versions', () => {
  test('a text names one, or the newest of its family', () => {
    expect(engineVersion('1.6.12')?.version).toBe('1.6.12');
    expect(engineVersion('1.6')).toEqual({ version: '1.6.22', family: 'memcached1.6' });
    expect(engineVersion('1.7')).toBeUndefined();
    expect(engineVersion('1')?.version).toBe('1.6.22');
  });

  test('an upgrade goes by numbers, not by text', () => {
    expect(isUpgrade('1.6.6', '1.6.12')).toBe(true);
    expect(isUpgrade('1.6.12', '1.6.6')).toBe(false);
    expect(isUpgrade('1.6.6', '1.6.6')).toBe(false);
  });

  test('the default is the newest one', () => {
    expect(ENGINE_VERSIONS.at(-1)!.version).toBe(DEFAULT_ENGINE_VERSION);
  });
});

describe('parameters', () => {
  test('each default is a valid value of its parameter', () => {
    const invalid = PARAMETERS.filter(({ change }) => change !== undefined).flatMap(
      (parameter) => whyInvalid(parameter, parameter.default) ?? [],
    );
    expect(invalid).toEqual([]);
  });

  test('they are in the order of their names', () => {
    const names = PARAMETERS.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
  });

  test.each([
    ['idle_timeout', '86401'],
    ['idle_timeout', '-1'],
    ['idle_timeout', '1.5'],
    ['cas_disabled', '2'],
    ['binding_protocol', 'binary'],
    ['chunk_size_growth_factor', '1'],
    ['config_max', '17'],
  ])('%s cannot be %s', (name, value) => {
    expect(whyInvalid(parameterNamed(name)!, value)).toContain(name);
  });

  test('chunks fit into items without a rest', () => {
    expect(whyContradictory({})).toBeUndefined();
    expect(whyContradictory({ max_item_size: '262144' })).toContain('slab_chunk_max');
    expect(whyContradictory({ max_item_size: '1500000' })).toContain('multiple');
    expect(whyContradictory({ max_item_size: '4194304' })).toBeUndefined();
  });
});

describe('ports', () => {
  test('each cluster has 64 ports of its own', () => {
    expect(freePorts([], undefined, 12_000)).toBe(12_000);
    expect(freePorts([{ id: 'a', port: 12_000 }], undefined, 12_000)).toBe(12_064);
    expect(freePorts([{ id: 'a', port: 12_010 }], undefined, 12_000)).toBe(12_128);
  });

  test('a wanted port is refused if another cluster has one of its ports', () => {
    expect(freePorts([{ id: 'a', port: 12_000 }], 11_211, 12_000)).toBe(11_211);
    expect(() => freePorts([{ id: 'a', port: 12_000 }], 12_063, 12_000)).toThrow(/cluster a has/);
    expect(() => freePorts([], 65_500, 12_000)).toThrow(/must be 1 to 65472/);
  });

  test('the last ports end at 65535', () => {
    expect(() => freePorts([{ id: 'a', port: 65_472 }], undefined, 65_472)).toThrow(/No ports/);
  });
});
