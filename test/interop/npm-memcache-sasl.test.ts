import { createNode, type MemcacheNode } from 'memcache';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBothServers } from './both-servers.ts';
import { SASL, SASL_USER } from './server-setups.ts';

const TIMEOUT_MS = 10_000;

function nodeAt(address: string, username: string, password: string): MemcacheNode {
  const [host = '', port] = address.split(':');
  const options = { timeout: TIMEOUT_MS, sasl: { username, password } };
  return createNode(host, Number(port), options);
}

/** With a login this client uses the binary protocol, and its API has one object per node. */
describeBothServers(
  "npm's memcache with SASL",
  (address) => {
    let node: MemcacheNode;
    beforeAll(async () => {
      node = nodeAt(address(), SASL_USER.username, SASL_USER.password);
      await node.connect();
      expect(node.isAuthenticated).toBe(true);
    });
    afterAll(async () => {
      await node?.binaryQuit();
      await node?.disconnect();
    });

    test('get returns values of every kind unchanged', async () => {
      for (const value of ['text', 'caf\u00e9 \u{1f980}', 'two\r\nlines', 'x'.repeat(500_000)]) {
        expect(await node.binarySet('kind', value)).toBe(true);
        expect(await node.binaryGet('kind')).toBe(value);
      }
    });

    test('add, replace, append, prepend, touch and delete report their outcome', async () => {
      expect(await node.binaryReplace('word', 'x')).toBe(false);
      expect(await node.binaryAppend('word', 'x')).toBe(false);
      expect(await node.binaryAdd('word', 'mid')).toBe(true);
      expect(await node.binaryAdd('word', 'other')).toBe(false);
      expect(await node.binaryAppend('word', '-end')).toBe(true);
      expect(await node.binaryPrepend('word', 'start-')).toBe(true);
      expect(await node.binaryGet('word')).toBe('start-mid-end');
      expect(await node.binaryTouch('word', 100)).toBe(true);
      expect(await node.binaryTouch('absent', 100)).toBe(false);
      expect(await node.binaryDelete('word')).toBe(true);
      expect(await node.binaryGet('word')).toBe(undefined);
    });

    test('incr and decr count, and stop at 0', async () => {
      expect(await node.binaryIncr('count', 5, 10)).toBe(10);
      expect(await node.binaryIncr('count', 5)).toBe(15);
      expect(await node.binaryDecr('count', 100)).toBe(0);
    });

    test('version, stats and flush work', async () => {
      await node.binarySet('seen', 'x');
      expect(await node.binaryVersion()).toMatch(/^\d+\.\d+\.\d+$/);
      expect(await node.binaryStats()).toMatchObject({ auth_cmds: '1', auth_errors: '0' });
      expect(await node.binaryFlush()).toBe(true);
      expect(await node.binaryGet('seen')).toBe(undefined);
    });

    test('the server refuses a wrong password', async () => {
      const wrong = nodeAt(address(), SASL_USER.username, 'wrong');
      await expect(wrong.connect()).rejects.toThrow('SASL authentication failed');
      expect(wrong.isAuthenticated).toBe(false);
      expect(await node.binaryStats()).toMatchObject({ auth_cmds: '2', auth_errors: '1' });
    });
  },
  SASL,
);
