import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  CreateCacheClusterCommand,
  type CreateCacheClusterCommandInput,
  CreateCacheParameterGroupCommand,
  type CreateCacheParameterGroupCommandInput,
  CreateSnapshotCommand,
  type CreateSnapshotCommandInput,
  ElastiCacheClient,
  ModifyCacheClusterCommand,
  type ModifyCacheClusterCommandInput,
  ModifyCacheParameterGroupCommand,
  type ModifyCacheParameterGroupCommandInput,
  RebootCacheClusterCommand,
  type RebootCacheClusterCommandInput,
} from '@aws-sdk/client-elasticache';
import type { ManagerProcess } from '../../support/manager-process.ts';

const run = promisify(execFile);

/** What a drill asks ElastiCache's API for. */
export interface AwsCaller {
  readonly title: string;
  create_cache_cluster(input: CreateCacheClusterCommandInput): Promise<unknown>;
  create_cache_parameter_group(input: CreateCacheParameterGroupCommandInput): Promise<unknown>;
  create_snapshot(input: CreateSnapshotCommandInput): Promise<unknown>;
  modify_cache_cluster(input: ModifyCacheClusterCommandInput): Promise<unknown>;
  modify_cache_parameter_group(input: ModifyCacheParameterGroupCommandInput): Promise<unknown>;
  reboot_cache_cluster(input: RebootCacheClusterCommandInput): Promise<unknown>;
}

const SCRIPT = [
  'import boto3, json, sys',
  "client = boto3.client('elasticache', endpoint_url=sys.argv[1], region_name='local')",
  'getattr(client, sys.argv[2])(**json.loads(sys.argv[3]))',
].join('\n');

/** boto3 in a process of its own for each call; where it is absent, the SDK for JavaScript. */
export async function awsCaller(manager: ManagerProcess): Promise<AwsCaller> {
  const hasBoto = await run('python3', ['-c', 'import boto3']).then(
    () => true,
    () => false,
  );
  if (hasBoto) return botoCaller(manager);
  console.warn(
    'python3 has no boto3 (Debian: python3-boto3): the SDK for JavaScript does its part',
  );
  return sdkCaller(manager);
}

function botoCaller(manager: ManagerProcess): AwsCaller {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
  };
  const call = (name: string) => (input: object) =>
    run('python3', ['-c', SCRIPT, manager.url, name, JSON.stringify(input)], { env });
  return {
    title: 'boto3',
    create_cache_cluster: call('create_cache_cluster'),
    create_cache_parameter_group: call('create_cache_parameter_group'),
    create_snapshot: call('create_snapshot'),
    modify_cache_cluster: call('modify_cache_cluster'),
    modify_cache_parameter_group: call('modify_cache_parameter_group'),
    reboot_cache_cluster: call('reboot_cache_cluster'),
  };
}

function sdkCaller({ url, keys }: ManagerProcess): AwsCaller {
  const client = new ElastiCacheClient({ endpoint: url, region: 'local', credentials: keys });
  return {
    title: 'the SDK for JavaScript',
    create_cache_cluster: (input) => client.send(new CreateCacheClusterCommand(input)),
    create_cache_parameter_group: (input) =>
      client.send(new CreateCacheParameterGroupCommand(input)),
    create_snapshot: (input) => client.send(new CreateSnapshotCommand(input)),
    modify_cache_cluster: (input) => client.send(new ModifyCacheClusterCommand(input)),
    modify_cache_parameter_group: (input) =>
      client.send(new ModifyCacheParameterGroupCommand(input)),
    reboot_cache_cluster: (input) => client.send(new RebootCacheClusterCommand(input)),
  };
}
