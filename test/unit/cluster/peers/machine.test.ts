import { describe, expect, test } from 'vitest';
import { peerMachine } from '../../../../src/cluster/peers/machine.ts';
import { NONCE_BYTES } from '../../../../src/protocol/peer.ts';

const NO_EVENTS = { data: () => true, end: () => {}, drain: () => {}, close: () => {} };

describe('peerMachine', () => {
  test('nonces have their length and differ', () => {
    const machine = peerMachine();
    const nonces = Array.from({ length: 10 }, () => machine.nonce());
    expect(new Set(nonces.map((nonce) => nonce.toString('hex'))).size).toBe(10);
    for (const nonce of nonces) expect(nonce).toHaveLength(NONCE_BYTES);
  });
  test('a cancelled timer does not fire, also after its time', async () => {
    const machine = peerMachine();
    const fired: string[] = [];
    const timer = machine.setTimer(() => void fired.push('cancelled'), 1);
    await new Promise<void>((resolve) => {
      machine.setTimer(() => resolve(), 1);
      // It runs when the timer of the same time before it has planned its call already.
      setTimeout(() => timer.cancel(), 1);
      // So all three are due in one turn, also if the process lost its core between them.
      for (const start = performance.now(); performance.now() - start < 5; );
    });
    expect(fired).toEqual([]);
  });
  test.each(['host', '/a/socket', '::1'])('the peer address %s is refused', (address) => {
    expect(() => peerMachine().connect(address, NO_EVENTS)).toThrow('is not host:port');
  });
});
