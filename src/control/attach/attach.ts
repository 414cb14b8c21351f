import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import type { ApiClient } from '../calls/api-client.ts';
import type { Catalog } from './catalog.ts';
import { postgresCatalog } from './postgres-catalog.ts';
import { cachedRows, type Proposal, proposalFor } from './sizing.ts';
import { snippetFor } from './snippet.ts';
import { sqliteCatalog } from './sqlite-catalog.ts';
import { type Strategy, strategiesOf } from './strategy.ts';

/** What `attach` has found, and proposes. */
export interface Attachment {
  readonly catalog: Catalog;
  readonly strategies: readonly Strategy[];
  readonly proposal: Proposal;
  /** Of each strategy: the bytes of an item, and how many there should be room for. */
  readonly parts: readonly ReturnType<typeof cachedRows>[];
}

/** As one says how a database is reached. */
const FORMS = 'postgres://user@host/name or sqlite:FILE';
const WAIT_MS = 300_000;
const LOOK_MS = 250;

/**
 * Reads the catalog of a database and proposes a cluster; writes nothing.
 * @throws {CodedError} `ERR_USAGE` or `ERR_DATABASE`
 */
export async function attach(database: string, hotShare?: number): Promise<Attachment> {
  const catalog = await readCatalog(database);
  const strategies = strategiesOf(catalog);
  const proposal = proposalFor(catalog, strategies, hotShare);
  const parts = strategies.map((each) => cachedRows(each, hotShare));
  return { catalog, strategies, proposal, parts };
}

function readCatalog(database: string): Promise<Catalog> {
  if (/^postgres(?:ql)?:\/\//.test(database)) return postgresCatalog(database);
  const [, path = ''] = /^sqlite:(?:\/\/)?(.+)$/s.exec(database) ?? [];
  if (path !== '') return sqliteCatalog(path);
  throw new CodedError('ERR_USAGE', `--database must be ${FORMS}.`);
}

/** The code for the application, with the address of the cluster, if there is one. */
export const snippetOf = ({ catalog, strategies }: Attachment, endpoint: string): string =>
  snippetFor(catalog, strategies, endpoint);

/** An id for the cluster of a database: `shop-cache`. */
export function clusterIdFor({ name }: Catalog): string {
  const base = name
    .replace(/^.*[/\\]/, '')
    .replace(/\.\w+$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-$/, '');
  return base === '' ? 'database-cache' : `${base}-cache`;
}

/**
 * Creates the proposed cluster and waits until clients can use it.
 * @returns its configuration endpoint, `host:port`.
 */
export async function createProposed(
  api: ApiClient,
  id: string,
  { nodeType, nodes, replicas }: Proposal,
): Promise<string> {
  await api.call('CreateCacheCluster', {
    CacheClusterId: id,
    Engine: 'memcached',
    CacheNodeType: nodeType,
    NumCacheNodes: nodes,
    Tags: [{ Key: 'slabring:replicas', Value: String(replicas) }],
  });
  return await availableEndpoint(api, id, AbortSignal.timeout(WAIT_MS));
}

async function availableEndpoint(api: ApiClient, id: string, late: AbortSignal): Promise<string> {
  for (;;) {
    const { CacheClusters: [cluster] = [] } = await api.call('DescribeCacheClusters', {
      CacheClusterId: id,
    });
    const { CacheClusterStatus: status, ConfigurationEndpoint: endpoint } = cluster ?? {};
    if (status === 'available' && endpoint !== undefined) {
      return `${endpoint.Address}:${endpoint.Port}`;
    }
    if (late.aborted) {
      const seconds = WAIT_MS / 1000;
      const text = `The cluster ${id} is not available after ${seconds} s; it is ${status}.`;
      throw new CodedError('ERR_API', text);
    }
    await pause(LOOK_MS);
  }
}
