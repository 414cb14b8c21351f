/** `slabring apply`: templates of CloudFormation make real clusters. */
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';

const TEMPLATE = (more = '') => `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Nodes: { Type: Number, Default: 2 }
  Secret: { Type: String, NoEcho: true, Default: sixteen-letters-1 }
Resources:
  Cache:
    Type: AWS::ElastiCache::CacheCluster
    Properties:
      ClusterName: web
      Engine: memcached
      CacheNodeType: slabring.64x1
      NumCacheNodes: !Ref Nodes
      CacheParameterGroupName: !Ref Tuned
      Tags: [{ Key: stack, Value: !Ref AWS::StackName }]
  Tuned:
    Type: AWS::ElastiCache::ParameterGroup
    Properties:
      CacheParameterGroupFamily: memcached1.6
      Description: larger items
      Properties: { max_item_size: 2097152 }
  App:
    Type: AWS::ElastiCache::User
    Properties:
      UserId: app
      UserName: app
      Engine: memcached
      AccessString: on ~* +@read
      Passwords: [!Ref Secret]
${more}
Outputs:
  Endpoint:
    Value: !Sub
      - "\${Cache.ConfigurationEndpoint.Address}:\${port}"
      - port: !GetAtt Cache.ConfigurationEndpoint.Port
  Group: { Value: !Ref Tuned }
`;

describe('slabring apply', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let file: string;
  let port: number;
  beforeAll(async () => {
    folder = await temporaryFolder();
    file = `${folder.path}/shop.yaml`;
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
  }, WAIT_MS);
  afterAll(async () => {
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  async function apply(...args: readonly string[]) {
    const env = {
      AWS_ENDPOINT_URL_ELASTICACHE: manager.url,
      AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
    };
    const verb = startVerb(['apply', file, ...args], { env });
    const { code } = await verb.exited;
    return { code, out: verb.stdout, err: verb.stderr };
  }

  test('a template becomes a cluster, in the order of its references', async () => {
    await writeFile(file, TEMPLATE());
    const dry = await apply('--dry-run');
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out.match(/create +\w+/g)).toEqual([
      'create  Tuned',
      'create  Cache',
      'create  App',
    ]);
    const { code, out, err } = await apply('--json');
    expect([code, err]).toEqual([0, expect.stringContaining('Cache (CacheCluster): created in')]);
    const { outputs } = JSON.parse(out) as { outputs: Record<string, string> };
    const shown = await manager.available('web');
    [port = 0] = portsIn(shown);
    expect(outputs['Endpoint']).toBe(`127.0.0.1:${port}`);
    expect(shown).toContain(outputs['Group']);
    await write(port);
    const stack = `${folder.path}/shop.stack.json`;
    expect(await readFile(stack, 'utf8')).not.toContain('sixteen-letters');
    expect((await stat(stack)).mode & 0o777).toBe(0o600);
    expect(existsSync(`${stack}.lock`)).toBe(false);
  });

  test('the same template changes nothing', async () => {
    expect((await apply()).out).toContain('shop: nothing changed');
  });

  test('a change in place keeps all items', async () => {
    const dry = await apply('--parameter', 'Nodes=3', '--dry-run');
    expect(dry.out).toMatch(/update +Cache .* NumCacheNodes/);
    expect((await apply('--parameter', 'Nodes=3')).code).toBe(0);
    expect(portsIn(await manager.available('web'))).toHaveLength(3);
    expect(await hits(port)).toBe(KEYS);
    expect((await apply('--parameter=Nodes=1')).code).toBe(0);
    expect(portsIn(await manager.available('web'))).toHaveLength(1);
    expect(await hits(port)).toBe(KEYS);
  });

  test('a step that fails undoes those before it', async () => {
    const broken = TEMPLATE(`
  Other:
    Type: AWS::ElastiCache::ParameterGroup
    DependsOn: Cache
    Properties: { CacheParameterGroupFamily: memcached1.6, Description: made first }
  Team:
    Type: AWS::ElastiCache::UserGroup
    DependsOn: Other
    Properties: { UserGroupId: team, Engine: memcached, UserIds: [nobody] }`);
    await writeFile(file, broken);
    const { code, err } = await apply('--parameter=Nodes=2');
    expect(code).toBe(1);
    expect(err).toContain('Other (ParameterGroup): undo');
    expect(err).toMatch(/slabring: .*nobody/);
    expect(portsIn(await manager.available('web'))).toHaveLength(1);
    const groups = await manager.ask('Action=DescribeCacheParameterGroups');
    expect(groups).not.toContain('made first');
    await writeFile(file, TEMPLATE());
    expect((await apply('--parameter=Nodes=1')).out).toContain('nothing changed');
  });

  test('a resource that is out of the template is deleted, and --delete leaves none', async () => {
    await writeFile(file, TEMPLATE().replace(/ {2}App:.*?(?=\nOutputs)/s, ''));
    expect((await apply('--parameter=Nodes=1')).code).toBe(0);
    expect((await manager.send('Action=DescribeUsers&UserId=app')).body).toContain('UserNotFound');
    const { code, err } = await apply('--delete');
    expect(code).toBe(0);
    expect(err.indexOf('Cache (')).toBeLessThan(err.indexOf('Tuned ('));
    await manager.gone('web');
    expect(existsSync(`${folder.path}/shop.stack.json`)).toBe(false);
  });

  test('a template that cannot be made is refused before anything is', async () => {
    await writeFile(file, TEMPLATE('  Bucket: { Type: AWS::S3::Bucket }'));
    const { code, err, out } = await apply();
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^slabring: Bucket is an AWS::S3::Bucket, which slabring does not make/);
    const groups = await manager.ask('Action=DescribeCacheParameterGroups');
    expect(groups).not.toContain('larger items');
  });
});
