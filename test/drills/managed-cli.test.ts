/** The commands of docs/managed.md with AWS's command line, each as a reader would type it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hits, KEYS, ManagerProcess, portsIn, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { folderForEachTest } from '../support/test-folder.ts';

const run = promisify(execFile);
/** The first versions that read AWS_ENDPOINT_URL_ELASTICACHE. */
const VERSION = /aws-cli\/(?:1\.(?:29|[3-9]\d)|2\.(?:1[3-9]|[2-9]\d))\./;
const DRILL_MS_MAX = 300_000;
const { pathTo, cleanups } = folderForEachTest();

/** The commands of the block of a section of the page. */
async function commandsOf(section: string): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/managed.md', import.meta.url), 'utf8');
  const [, block = ''] = page.split(`## ${section}\n`)[1]?.split(/```(?:sh)?\n/) ?? [];
  return block.replaceAll('\\\n', '').trim().split('\n');
}

/** By curl, which signs as AWS's clients do. */
async function expectPlan(env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout: help } = await run('curl', ['--help', 'all']).catch(() => ({ stdout: '' }));
  if (!help.includes('--aws-sigv4')) return console.warn('skipped: no curl with --aws-sigv4');
  const [command = ''] = await commandsOf('The plan before the change');
  const { stdout } = await run('bash', ['-ec', command], { env });
  expect(stdout).toContain('<Kind>add-node</Kind><CacheNodeId>0004</CacheNodeId>');
}

test(
  "AWS's command line makes what the page says",
  async ({ skip }) => {
    const version = await run('aws', ['--version']).then(
      ({ stdout, stderr }) => stdout + stderr,
      () => 'there is no aws (Debian: awscli)',
    );
    if (!VERSION.test(version)) {
      return skip(`it reads no AWS_ENDPOINT_URL_ELASTICACHE: ${version.trim()}`);
    }
    const manager = new ManagerProcess(pathTo('data'), await freePort());
    cleanups.push(() => manager.stop());
    await manager.start();
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL_ELASTICACHE: manager.url,
      AWS_DEFAULT_REGION: 'local',
      AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
      AWS_PAGER: '',
    };
    const outputs = new Map<string, string>();
    const make = async (section: string): Promise<void> => {
      for (const command of await commandsOf(section)) {
        const { stdout } = await run('bash', ['-ec', command], { env });
        outputs.set(command.split(' ')[2]!, stdout);
        const [, id] = /-cache-cluster .*--cache-cluster-id (\S+)/.exec(command) ?? [];
        const isChange = /aws elasticache (create|modify|reboot)-cache-cluster/.test(command);
        const shown = isChange && id !== undefined ? await manager.available(id) : '';
        const [port] = portsIn(shown);
        if (command.includes('create-cache-cluster') && id === 'web') {
          await write(port!);
          await expectPlan(env);
        } else if (port !== undefined && id === 'web') expect(await hits(port)).toBe(KEYS);
      }
    };
    await make('Create, scale, reboot, delete');
    expect(JSON.parse(outputs.get('describe-cache-clusters')!)).toMatchObject({
      CacheClusters: [{ CacheClusterId: 'web', CacheClusterStatus: 'available', NumCacheNodes: 3 }],
    });
    expect(outputs.get('describe-events')).toContain('Cache node 0001 restarted');
    await manager.gone('web');
  },
  DRILL_MS_MAX,
);
