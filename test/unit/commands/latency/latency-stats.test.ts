import { describe, expect, test } from 'vitest';
import { KINDS } from '../../../../src/commands/latency/request-kinds.ts';
import { LatencyTable } from '../../../../src/node/shared/latency-table.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { SessionHarness, TEST_CONTROL, testShare } from '../../../support/session-harness.ts';

const kindNamed = (command: string, dialect: string): number =>
  KINDS.findIndex((kind) => kind.command === command && kind.dialect === dialect);

/** A session of a node that has measured a few requests. */
function measuredSession() {
  const latency = new LatencyTable(LatencyTable.allocate(2));
  latency.add(0, kindNamed('get', 'classic'), 0.01, 98);
  latency.add(1, kindNamed('get', 'classic'), 4, 2);
  latency.add(1, kindNamed('set', 'meta'), 1, 1);
  latency.add(1, kindNamed('stats', 'classic'), 50, 7);
  const control = { ...TEST_CONTROL, latency };
  return new SessionHarness(testShare(), 0, { control });
}

function rowsOf(reply: string): ReadonlyMap<string, number> {
  const lines = [...reply.matchAll(/^STAT (\S+) (\S+)\r$/gm)];
  return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
}

describe('stats latency', () => {
  test('the topic shows all requests with keys, then each measured command', () => {
    const rows = rowsOf(measuredSession().send('stats latency\r\n'));
    const names = [...rows.keys()];
    expect(names.filter((name) => name.endsWith(':count'))).toEqual([
      'all:count',
      'get:classic:count',
      'stats:classic:count',
      'set:meta:count',
    ]);
    expect(names.slice(0, 6)).toEqual([
      'all:count',
      'all:mean_us',
      'all:p50_us',
      'all:p99_us',
      'all:p999_us',
      'all:max_us',
    ]);
    expect(rows.get('all:count')).toBe(101);
    expect(rows.get('get:classic:mean_us')).toBeCloseTo(89.8, 3);
    expect(rows.get('get:classic:p50_us')! / 10).toBeCloseTo(1, 1);
    expect(rows.get('get:classic:p99_us')! / 4000).toBeCloseTo(1, 1);
    expect(rows.get('get:classic:max_us')).toBe(4000);
    expect(rows.get('set:meta:p50_us')! / 1000).toBeCloseTo(1, 1);
  });
  test('the buckets have the requests of all kinds, by their bounds', () => {
    const rows = [...rowsOf(measuredSession().send('stats latency_buckets\r\n'))];
    expect(rows.map(([, count]) => count)).toEqual([98, 1, 2]);
    for (const [nth, us] of [10, 1000, 4000].entries()) {
      const bound = Number(rows[nth]![0]);
      expect(bound / us).toBeGreaterThanOrEqual(1);
      expect(bound / us).toBeLessThan(1.05);
    }
  });
  test('stats reset begins at 0', () => {
    const session = measuredSession();
    expect(session.send('stats reset\r\n')).toBe('RESET\r\n');
    const rows = rowsOf(session.send('stats latency\r\n'));
    expect(rows).toEqual(
      new Map(
        ['count', 'mean_us', 'p50_us', 'p99_us', 'p999_us', 'max_us'].map((name) => [
          `all:${name}`,
          0,
        ]),
      ),
    );
    expect(session.send('stats latency_buckets\r\n')).toBe('END\r\n');
  });
  test('the binary protocol has it too', () => {
    const session = measuredSession();
    const { reply } = session.feedAll(packet({ opcode: OP.stat, key: 'latency' }));
    const { packets } = packetsOf(Buffer.from(reply, 'latin1'));
    expect(packets.map(({ key }) => key)).toContain('get:classic:p99_us');
  });
});
