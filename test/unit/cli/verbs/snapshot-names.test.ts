import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { dumpVerb } from '../../../../src/cli/verbs/dump.ts';
import { restoreVerb } from '../../../../src/cli/verbs/restore.ts';
import { TestHost } from '../host.ts';

test.each(['dump', 'restore'])(
  '%s refuses a wrong bucket before it looks for nodes',
  async (verb) => {
    const host = new TestHost();
    expect(await run([verb, 's3://UPPER..bad/x'], [dumpVerb, restoreVerb], host)).toBe(2);
    expect(host.errorLines.join('\n')).toMatch(/"s3:\/\/UPPER\.\.bad\/x" names no bucket that S3 /);
  },
);
