import { expect, test } from 'vitest';
import { eventLine } from '../../../../src/cli/log/event-line.ts';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

test('an event becomes a line with its time, its type and its fields', () => {
  const event = 'ts=1764505859.123999 gid=7 type=item_get key=a%20b status=found clsid=-1 size=2';
  expect(JSON.parse(eventLine(event))).toEqual({
    time: '2025-11-30T12:30:59.123Z',
    level: 'info',
    ...{ gid: 7, key: 'a%20b', status: 'found', clsid: -1, size: 2 },
    msg: 'item_get',
  });
});

test('a gap in the events is a warning', () => {
  expect(JSON.parse(eventLine('skipped=12'))).toMatchObject({
    level: 'warn',
    skipped: 12,
    msg: expect.stringContaining('events are missing here'),
  });
});

test.each([
  'a line that no version sends',
  'ts=never type=item_get key=a',
  `ts=1e300 type=item_get key=a time=x level=y msg=z pid=1`,
  '\u001b[2J=1 type=\u009b2J',
  `type=x ${'a=b '.repeat(100_000)}`,
])('any other line of a node is a bounded line with a time, too', (event) => {
  const line = eventLine(event);
  expect(line.length).toBeLessThanOrEqual(8192);
  expect(line).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(line)).toMatchObject({ time: TIME, level: 'info' });
});
