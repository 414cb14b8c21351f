import {
  callOptions,
  countOptions,
  deleteOptions,
  fetchOptions,
  storeOptions,
} from './call-options.ts';
import {
  clientOptions,
  compression,
  gutterFailover,
  login,
  previousOwner,
  tls,
} from './client-options.ts';
import { dnsOptions, elastiCacheOptions, pollingOptions } from './discovery-options.ts';
import type { OptionGroup } from './option-group.ts';
import {
  enqueueOptions,
  loadOptions,
  nearCacheOptions,
  rateLimiterOptions,
  sessionStoreOptions,
  tagOptions,
  writeBehindOptions,
  writeThroughOptions,
} from './pattern-options.ts';

/** Every group of options, in the order of `option-types.ts`. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  clientOptions,
  gutterFailover,
  previousOwner,
  login,
  tls,
  compression,
  callOptions,
  storeOptions,
  fetchOptions,
  deleteOptions,
  countOptions,
  loadOptions,
  writeThroughOptions,
  writeBehindOptions,
  enqueueOptions,
  nearCacheOptions,
  rateLimiterOptions,
  sessionStoreOptions,
  tagOptions,
  pollingOptions,
  elastiCacheOptions,
  dnsOptions,
];
