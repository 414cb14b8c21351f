/** Terraform with the AWS provider against `slabring manage`: only the endpoint is another one. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';

const run = promisify(execFile);
/** Where a provider mirror is (`terraform providers mirror`). */
const MIRROR = process.env['TERRAFORM_MIRROR'] ?? '/opt/tf-plugins';
/** The provider looks every 30 seconds. */
const DRILL_MS_MAX = 900_000;

const configuration = (url: string, nodes: number, timeout: string): string => `
provider "aws" {
  region                      = "local"
  skip_region_validation      = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints { elasticache = "${url}" }
}
resource "aws_elasticache_parameter_group" "tuned" {
  name   = "tuned"
  family = "memcached1.6"
  parameter {
    name  = "idle_timeout"
    value = "${timeout}"
  }
}
resource "aws_elasticache_cluster" "web" {
  cluster_id           = "web"
  engine               = "memcached"
  node_type            = "slabring.64x1"
  num_cache_nodes      = ${nodes}
  parameter_group_name = aws_elasticache_parameter_group.tuned.name
  apply_immediately    = true
  tags                 = { team = "a" }
}
`;

test(
  'Terraform creates, scales, changes and destroys a cluster without a loss',
  async ({ skip }) => {
    const hasTerraform = await run('terraform', ['version']).then(
      () => true,
      () => false,
    );
    if (!hasTerraform || !existsSync(MIRROR)) {
      return skip(`there is no terraform with a provider mirror in ${MIRROR}`);
    }
    const folder = await temporaryFolder();
    const manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    try {
      await manager.start();
      const work = `${folder.path}/work`;
      await mkdir(work);
      const rc = `${folder.path}/terraform.rc`;
      await writeFile(
        rc,
        `provider_installation {\n filesystem_mirror { path = "${MIRROR}" }\n}\n`,
      );
      const env = {
        ...process.env,
        TF_CLI_CONFIG_FILE: rc,
        AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
      };
      const terraform = async (...args: readonly string[]): Promise<string> =>
        (await run('terraform', [...args, '-no-color'], { cwd: work, env })).stdout;
      const apply = async (nodes: number, timeout: string): Promise<string> => {
        await writeFile(`${work}/main.tf`, configuration(manager.url, nodes, timeout));
        return terraform('apply', '-auto-approve');
      };

      await writeFile(`${work}/main.tf`, configuration(manager.url, 2, '60'));
      await terraform('init');
      expect(await apply(2, '60')).toContain('2 added');
      expect(await terraform('plan')).toContain('No changes');
      const [port] = portsIn(await manager.available('web'));
      await write(port!);
      expect(await apply(3, '60')).toContain('1 changed');
      expect(await hits(port!)).toBe(KEYS);
      expect(await apply(1, '90')).toContain('2 changed');
      expect(await hits(port!)).toBe(KEYS);
      expect(await terraform('destroy', '-auto-approve')).toContain('2 destroyed');
      await manager.gone('web');
    } finally {
      await manager.stop();
      await folder.remove();
    }
  },
  DRILL_MS_MAX,
);
