/** What operations of serverless caches look up and check. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import type { ClusterRecord } from '../model/records.ts';
import { hiddenName } from '../model/serverless-names.ts';
import type { ServerlessRecord } from '../model/serverless-records.ts';
import type { Context } from './context.ts';

const MAJOR_VERSION = '1.6';

/** @throws {ApiError} `ServerlessCacheNotFoundFault` */
export function cacheOf(name: string, { state }: Pick<Context, 'state'>): ServerlessRecord {
  const cache = state.get('serverlesscache', name.toLowerCase());
  if (cache !== undefined) return cache;
  throw new ApiError('ServerlessCacheNotFoundFault', `There is no serverless cache ${name}.`);
}

/** @throws {ApiError} `ServerlessCacheNotFoundFault` or `InvalidServerlessCacheStateFault` */
export function availableCache(name: string, context: Context): ServerlessRecord {
  const cache = cacheOf(name, context);
  if (cache.status === 'available') return cache;
  throw stateFault(`The serverless cache ${cache.name} is ${cache.status}; it must be available.`);
}

export const stateFault = (text: string): ApiError =>
  new ApiError('InvalidServerlessCacheStateFault', text);

/** The nodes of a cache, which it has until it is gone. */
export const nodesOf = ({ name }: Pick<ServerlessRecord, 'name'>, { state }: Context) =>
  state.get('serverlesscluster', hiddenName(name))!;

export function saveNodes(cluster: ClusterRecord, { state, changed }: Context): void {
  state.put('serverlesscluster', cluster.id, cluster);
  changed(cluster.id);
}

/** @throws {ApiError} `InvalidParameterValue` or `InvalidParameterCombination` */
export function checkServerlessEngine({
  Engine,
  MajorEngineVersion,
}: {
  readonly Engine?: string | undefined;
  readonly MajorEngineVersion?: string | undefined;
}): void {
  if (Engine !== undefined && Engine.toLowerCase() !== 'memcached') {
    throw invalidValue(`The engine ${Engine} is not offered: it must be memcached.`);
  }
  if (MajorEngineVersion === undefined || MajorEngineVersion === MAJOR_VERSION) return;
  throw invalidValue(`MajorEngineVersion is ${MajorEngineVersion}; it must be ${MAJOR_VERSION}.`);
}

export function refuseKey(key: string | undefined): void {
  if (key === undefined) return;
  throw invalidCombination('KmsKeyId is not offered: the items are in files of this machine.');
}
