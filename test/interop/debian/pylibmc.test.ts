import { expect, test } from 'vitest';
import { SASL, SASL_USER } from '../server-setups.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { PYLIBMC } from './clients.ts';

function multiTests(agent: () => Agent): void {
  test('add_multi, incr_multi and delete_multi work', async () => {
    expect(await agent().call('add_multi', { 'multi:1': 1, 'multi:2': 2 })).toEqual([]);
    expect(await agent().call('add_multi', { 'multi:2': 3, 'multi:3': 3 })).toEqual(['multi:2']);
    await agent().call('incr_multi', ['multi:1', 'multi:2', 'multi:3'], '', 10);
    expect(await agent().call('get_many', ['multi:1', 'multi:2', 'multi:3'])).toEqual({
      'multi:1': 11,
      'multi:2': 12,
      'multi:3': 13,
    });
    expect(await agent().call('delete_multi', ['multi:1', 'multi:2', 'multi:3'])).toBe(true);
    expect(await agent().call('delete_multi', ['multi:1'])).toBe(false);
  });

  test('a get works after stats settings', async () => {
    expect(await agent().call('stats', 'settings')).toHaveProperty('pid');
    expect(await agent().call('get', 'absent')).toBe(null);
  });
}

describeClient(PYLIBMC, [
  { name: 'text', extraTests: multiTests },
  { name: 'binary', settings: { binary: true }, extraTests: multiTests },
  { name: 'SASL', setup: SASL, settings: { binary: true, ...SASL_USER } },
]);
