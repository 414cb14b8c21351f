import { describe, expect, test } from 'vitest';
import { decodeConfigReply } from '../../../../src/client/discovery/config-reply.ts';

const decode = (text: string) => decodeConfigReply(Buffer.from(text, 'latin1'));
const DATA = '12\na|10.0.0.1|11211 b||11212\n';
const LEGACY = 'AmazonElastiCache:cluster';

describe('a reply with a cluster config', () => {
  test.each([
    `CONFIG cluster 0 ${DATA.length}\r\n${DATA}\r\nEND\r\n`,
    `VALUE ${LEGACY} 0 ${DATA.length}\r\n${DATA}\r\nEND\r\n`,
    `VALUE ${LEGACY} 0 ${DATA.length} 77\r\n${DATA}\r\nEND\r\n`,
  ])('%j decodes only when it is complete', (reply) => {
    expect(decode(reply)).toEqual({ kind: 'entry', data: Buffer.from(DATA) });
    for (let cutAt = 0; cutAt < reply.length; cutAt++) {
      expect(decode(reply.slice(0, cutAt))).toEqual({ kind: 'incomplete' });
    }
  });
  test('the data may contain an end marker or be empty', () => {
    const data = 'a\r\nEND\r\nb';
    expect(decode(`CONFIG cluster 0 ${data.length}\r\n${data}\r\nEND\r\n`)).toMatchObject({
      kind: 'entry',
      data: Buffer.from(data),
    });
    expect(decode('CONFIG cluster 0 0\r\n\r\nEND\r\n')).toMatchObject({ kind: 'entry' });
  });
});

describe('other replies', () => {
  test.each(['END\r\n', 'ERROR\r\n'])('%j means that there is no cluster config', (reply) => {
    expect(decode(reply)).toEqual({ kind: 'none' });
    expect(decode(reply.slice(0, -1))).toEqual({ kind: 'incomplete' });
  });
  test.each([
    'CLIENT_ERROR unauthenticated',
    'SERVER_ERROR busy',
    'CONFIG cluster 0',
    '',
    'LOCK_ERROR',
  ])('%j decodes as refused', (line) =>
    expect(decode(`${line}\r\n`)).toEqual({ kind: 'refused', line }),
  );
  test.each([
    ['x'.repeat(513), 'a line without an end'],
    ['CONFIG cluster 0 65537\r\n', 'an entry of 65537 bytes'],
    ['CONFIG cluster 0 2\r\nabc', 'the data has another length than announced'],
    ['CONFIG cluster 0 2\r\nab\r\nENX', 'the data has another length than announced'],
    ['CONFIG cluster 0 5\r\nab\r\nEND\r\n', 'the data has another length than announced'],
  ])('%.30j is malformed: %s', (text, reason) => {
    expect(decode(text)).toEqual({ kind: 'malformed', reason });
  });
});
