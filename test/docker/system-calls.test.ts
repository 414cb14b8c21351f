/** The unit's filter of system calls, in a container: it starts no systemd. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCommand } from '../support/commands.ts';
import { temporaryFolder } from '../support/folder.ts';
import { waitUntil } from '../support/wait.ts';
import { textOf } from '../tidy/tree.ts';
import { docker, whyNoDocker } from './engine.ts';
import { buildImage, TEST_IMAGE } from './images.ts';

/** The sets of system calls that systemd knows; a set may contain others. */
function systemdSets(): ReadonlyMap<string, readonly string[]> {
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const sets = text.matchAll(/^(@[\w-]+)\n((?: {4}.*\n)+)/gm);
  return new Map([...sets].map(([, name = '', body = '']) => [name, body.match(/^ +[@\w]\S+/gm)!]));
}

/** The calls that the lines SystemCallFilter= of the unit allow. */
function allowedCalls(): readonly string[] {
  const sets = systemdSets();
  const callsOf = (name: string): readonly string[] =>
    name.startsWith('@') ? sets.get(name)!.flatMap((each) => callsOf(each.trim())) : [name];
  const allowed = new Set<string>();
  const lines = textOf('packaging/systemd/slabring.service').matchAll(
    /^SystemCallFilter=(~?)(.+)/gm,
  );
  for (const [, not, names = ''] of lines) {
    for (const call of names.split(' ').flatMap(callsOf)) {
      if (not === '') allowed.add(call);
      else allowed.delete(call);
    }
  }
  return [...allowed];
}

const missing = whyNoDocker() ?? (findCommand('systemd-analyze') === undefined || undefined);

describe.skipIf(missing !== undefined)('a node with the system calls of the unit', () => {
  const name = `slabring-test-calls-${process.pid}`;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    await buildImage();
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await docker('rm', '--force', name).catch(() => undefined);
    await docker('volume', 'rm', '--force', name).catch(() => undefined);
    await folder?.remove();
  });

  /** Starts a node that may make these calls only. */
  async function start(calls: readonly string[]): Promise<void> {
    const file = join(folder.path, 'seccomp.json');
    const syscalls = [{ names: calls, action: 'SCMP_ACT_ALLOW' }];
    const architectures = { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] };
    const defaultAction = 'SCMP_ACT_ERRNO';
    writeFileSync(file, JSON.stringify({ defaultAction, archMap: [architectures], syscalls }));
    const limits = ['--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only'];
    await docker(
      ...['run', '--detach', '--name', name, '--security-opt', `seccomp=${file}`, ...limits],
      ...['--volume', `${name}:/var/lib/slabring`, TEST_IMAGE],
      ...['serve', '-e', '/var/lib/slabring/items', '-t', '2', '--admin-port', '9150'],
    );
  }

  const cli = (...words: readonly string[]) =>
    docker('exec', name, 'node', 'dist/cli/main.js', ...words);
  const untilReady = () =>
    waitUntil('the node is ready', () =>
      cli('health').then(
        () => true,
        () => false,
      ),
    );

  test.skipIf(process.arch !== 'x64')('the node serves, and keeps its items', async () => {
    const calls = allowedCalls();
    expect(calls).toEqual(expect.arrayContaining(['futex', 'openat', 'pkey_alloc']));
    expect(calls).not.toContain('setuid');
    await start(calls);
    await untilReady();
    await cli('set', 'greeting', 'hello');
    await docker('restart', name);
    await untilReady();
    expect(await cli('get', 'greeting')).toBe('hello');
  });
});
