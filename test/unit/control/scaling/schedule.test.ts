import { describe, expect, test, vi } from 'vitest';
import { nextRun, parseSchedule } from '../../../../src/control/scaling/schedule.ts';
import { instantOf, instantsOn, isZone } from '../../../../src/control/scaling/zone.ts';

const DAY_MS = 24 * 3600 * 1000;
const at = (text: string): number => Date.parse(text);

/** The next runs of a schedule after a time, in UTC. */
function runs(text: string, zone: string, after: string, count: number): readonly string[] {
  const schedule = parseSchedule(text, zone)!;
  const found: string[] = [];
  let afterMs = at(after);
  while (found.length < count) {
    const next = nextRun(schedule, { fromMs: at(after) }, afterMs);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    afterMs = next;
  }
  return found;
}

// 2026-11-30 is a Monday.
const NOW = '2026-11-30T10:00:00Z';

describe('a schedule', () => {
  test.each([
    ['at(2026-12-01T08:00:00)', 'UTC', ['2026-12-01T08:00']],
    ['at(2026-12-01T08:00:00)', 'Europe/Berlin', ['2026-12-01T07:00']],
    ['at(2026-11-30T10:00:00)', 'UTC', []],
    ['rate(5 minutes)', 'UTC', ['2026-11-30T10:05', '2026-11-30T10:10']],
    ['rate(1 day)', 'Asia/Tokyo', ['2026-12-01T10:00', '2026-12-02T10:00']],
    ['cron(0 8 * * ? *)', 'UTC', ['2026-12-01T08:00', '2026-12-02T08:00']],
    ['cron(30 8 ? * MON-FRI *)', 'America/New_York', ['2026-11-30T13:30', '2026-12-01T13:30']],
    ['cron(0/20 10 30 11 ? *)', 'UTC', ['2026-11-30T10:20', '2026-11-30T10:40']],
    ['cron(*/30 * * * ? *)', 'UTC', ['2026-11-30T10:30', '2026-11-30T11:00']],
    ['cron(0 0 L * ? *)', 'UTC', ['2026-12-31T00:00', '2027-01-31T00:00', '2027-02-28T00:00']],
    ['cron(0 0 1W * ? *)', 'UTC', ['2026-12-01T00:00', '2027-01-01T00:00', '2027-02-01T00:00']],
    ['cron(0 0 15W 5 ? *)', 'UTC', ['2027-05-14T00:00', '2028-05-15T00:00']],
    ['cron(0 0 ? * 6L *)', 'UTC', ['2026-12-25T00:00', '2027-01-29T00:00']],
    ['cron(0 0 ? * TUE#1 *)', 'UTC', ['2026-12-01T00:00', '2027-01-05T00:00']],
    ['cron(0 0 29 2 ? *)', 'UTC', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['cron(0 12 ? JAN,jul 1,7 2027)', 'UTC', ['2027-01-02T12:00', '2027-01-03T12:00']],
    ['cron(0 0 30 2 ? *)', 'UTC', []],
    ['cron(0 0 1 1 ? 2020)', 'UTC', []],
  ])('%s in %s runs as it says', (text, zone, expected) => {
    expect(runs(text, zone, NOW, Math.max(1, expected.length))).toEqual(expected);
  });

  test('the clock of a zone is asked a few times for all minutes of a day', () => {
    const asked = vi.spyOn(Intl.DateTimeFormat.prototype, 'formatToParts');
    expect(runs('cron(* * * * ? *)', 'Europe/Berlin', NOW, 1)).toEqual(['2026-11-30T10:01']);
    expect(asked.mock.calls.length).toBeLessThan(10);
    asked.mockRestore();
  });

  test.each(['Europe/Berlin', 'Australia/Lord_Howe', 'America/Santiago', 'Pacific/Kiritimati'])(
    'a day in %s has its times, also when its clock changes',
    (zone) => {
      for (let nth = 0; nth < 366; nth++) {
        const day = new Date(Date.UTC(2026, 0, 1 + nth));
        const date = {
          ...{ year: day.getUTCFullYear(), month: day.getUTCMonth() + 1 },
          day: day.getUTCDate(),
        };
        const instant = instantsOn(zone, date);
        for (const hour of [0, 1, 2, 3, 23]) {
          const local = { ...date, hour, minute: 30, second: 0 };
          expect(instant(hour, 30)).toBe(instantOf(zone, local));
        }
      }
    },
  );

  test('a time that the clock skips runs an hour later, and none is lost', () => {
    // New York goes from 2:00 to 3:00 on 2027-03-14.
    const found = runs('cron(30 2 * * ? *)', 'America/New_York', '2027-03-12T12:00:00Z', 3);
    expect(found).toEqual(['2027-03-13T07:30', '2027-03-14T07:30', '2027-03-15T06:30']);
  });

  test('a time that the clock shows twice runs once', () => {
    // New York goes from 2:00 to 1:00 on 2026-11-01.
    const found = runs('cron(30 1 * * ? *)', 'America/New_York', '2026-10-31T12:00:00Z', 2);
    expect(found).toEqual(['2026-11-01T05:30', '2026-11-02T06:30']);
  });

  test('a half-hour zone and a day of another date are those of the zone', () => {
    expect(runs('cron(0 0 1 12 ? *)', 'Asia/Kolkata', NOW, 1)).toEqual(['2026-11-30T18:30']);
    expect(
      runs('at(2026-12-01T00:00:00)', 'Pacific/Kiritimati', '2026-11-30T09:00:00Z', 1),
    ).toEqual(['2026-11-30T10:00']);
  });

  test('an action runs only between its start and its end', () => {
    const rate = parseSchedule('rate(2 hours)', 'UTC')!;
    const period = { fromMs: at('2026-12-01T00:30:00Z'), untilMs: at('2026-12-01T03:00:00Z') };
    const first = nextRun(rate, period, at(NOW))!;
    expect(first).toBe(period.fromMs);
    expect(nextRun(rate, period, first)).toBe(at('2026-12-01T02:30:00Z'));
    expect(nextRun(rate, period, at('2026-12-01T02:30:00Z'))).toBeUndefined();
  });

  test.each([
    ...['at(2026-13-01T00:00:00)', 'at(2026-02-31T00:00:00)', 'at(2026-12-01)', 'at()'],
    ...['rate(1 minutes)', 'rate(2 minute)', 'rate(0 minutes)', 'rate(-1 hours)', 'rate(5 weeks)'],
    ...['cron(0 8 * * * *)', 'cron(0 8 ? * ? *)', 'cron(60 8 * * ? *)', 'cron(0 24 * * ? *)'],
    ...['cron(0 8 * * ?)', 'cron(0 8 * * ? * *)', 'cron(5-1 8 * * ? *)', 'cron(0/0 8 * * ? *)'],
    ...['cron(0 8 32W * ? *)', 'cron(0 8 ? * 8L *)', 'cron(0 8 ? * MON#6 *)', 'cron(a b c d ? f)'],
    ...['cron(0 8 ? * constructor *)', 'every day', '', 'cron(0 8 L-3 * ? *)', 'cron(, * * * ? *)'],
  ])('%s is refused', (text) => {
    expect(parseSchedule(text, 'UTC')).toBeUndefined();
  });

  test('only names of time zones are zones', () => {
    expect(['UTC', 'Europe/Berlin', 'Etc/GMT+9'].filter(isZone)).toHaveLength(3);
    expect(['', 'Mars/Olympus', 'constructor', 'x'.repeat(2000)].filter(isZone)).toEqual([]);
  });

  test('a look at each minute finds the same runs', () => {
    const zone = 'Europe/Berlin';
    const schedule = parseSchedule('cron(7,37 5-9/2 ? * TUE,SUN *)', zone)!;
    const format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, weekday: 'short', hour: 'numeric', minute: 'numeric' },
      hourCycle: 'h23',
    });
    const from = at('2026-10-20T00:00:00Z');
    const expected: number[] = [];
    for (let now = from + 60_000; now < from + 14 * DAY_MS; now += 60_000) {
      const text = format.format(now);
      if (/^(?:Tue|Sun),? 0?[579]:[03]7/.test(text)) expected.push(now);
    }
    const found: number[] = [];
    for (let now = from; ; ) {
      now = nextRun(schedule, { fromMs: from }, now)!;
      if (now >= from + 14 * DAY_MS) break;
      found.push(now);
    }
    expect(found).toEqual(expected);
    expect(found.length).toBeGreaterThan(20);
  });
});
