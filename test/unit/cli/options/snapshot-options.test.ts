import { describe, expect, test } from 'vitest';
import { snapshotFlags, snapshotRules } from '../../../../src/cli/options/snapshot-options.ts';

describe('--snapshot-every', () => {
  test.each([
    ['90', 90],
    ['90s', 90],
    ['30m', 1800],
    ['6h', 21_600],
    ['1d', 86_400],
    ['0', 0],
    ['h', undefined],
    ['1.5h', undefined],
    ['-1h', undefined],
    ['1w', undefined],
  ])('%s is %s seconds', (given, seconds) => {
    expect(snapshotFlags.snapshotEvery.parse(given)).toBe(seconds);
  });
  test('the option needs a folder', () => {
    const problems = (snapshotTo: string) =>
      snapshotRules.map((rule) => rule({ snapshotEvery: 60, snapshotTo }));
    expect(problems('')).toEqual([expect.stringContaining('--snapshot-to'), undefined]);
    expect(problems('/tmp')).toEqual([undefined, undefined]);
  });
});

describe('--snapshot-to', () => {
  const problems = (snapshotTo: string) =>
    snapshotRules.flatMap((rule) => rule({ snapshotEvery: 60, snapshotTo }) ?? []);
  test.each(['s3://b/x', 's3://UPPER..bad/x'])('%s is refused before the start', (url) => {
    const text = `--snapshot-to: "${url}" names no bucket that S3 allows`;
    expect(problems(url)).toEqual([expect.stringContaining(text)]);
  });
  test('a bucket that S3 allows is accepted', () => {
    expect(problems('s3://my-bucket/backups')).toEqual([]);
  });
});
