import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { faultOf } from './commits.ts';
import { ROOT } from './tree.ts';

/** The last commit that is older than the rule for subjects. */
const RULE_STARTS_AFTER = '92d8d84308d2ede241e6124a8afe2a2b0e990a57';

/** What git prints, or `undefined` without git, its history, or in a shallow clone without it. */
function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

describe('commits', () => {
  const log = git('log', '--no-merges', '--format=%h %s', `${RULE_STARTS_AFTER}..HEAD`);
  test.skipIf(log === undefined)('each subject is `area: imperative summary`', () => {
    const wrong = (log ?? '').split('\n').flatMap((line) => {
      const [, hash, subject] = /^(\S+) (.*)$/.exec(line) ?? [];
      const fault = subject === undefined ? undefined : faultOf(subject);
      return fault === undefined ? [] : [`${hash} ${subject}: ${fault}`];
    });
    expect(wrong).toEqual([]);
  });
  test('a commit that git does not have gives no log', () => {
    expect(git('log', `${'0'.repeat(39)}1..HEAD`)).toBeUndefined();
  });
});

describe('faultOf', () => {
  test.each([
    'store: compute the item size once per set',
    'client: embed the topology in the handshake',
    'ci, docs: pass the address of the node',
    'test/tidy: use SASL only with `-Y`',
    `docs: ${'x'.repeat(66)}`,
  ])('faultOf accepts "%s"', (subject) => {
    expect(faultOf(subject)).toBeUndefined();
  });
  test.each([
    [`docs: ${'x'.repeat(67)}`, 'longer'],
    ['A value that is written over leaves the list', 'not of the form'],
    ['Store: compute the size', 'not of the form'],
    ['store:compute the size', 'not of the form'],
    ['store: ', 'not of the form'],
    ['fixup! store: compute the size', 'not of the form'],
    ['store: compute the size.', 'full stop'],
    ['store: Compute the size', 'capital'],
    ['store: computed the size', 'imperative'],
    ['store: computing the size', 'imperative'],
    ['store: computes the size', 'imperative'],
  ])('faultOf rejects "%s"', (subject, fault) => {
    expect(faultOf(subject)).toContain(fault);
  });
});
