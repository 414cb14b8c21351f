import {
  callOptions,
  countOptions,
  deleteOptions,
  fetchOptions,
  storeOptions,
} from './call-options.ts';
import { clientOptions } from './client-options.ts';
import {
  clusterOptions,
  dnsOptions,
  elastiCacheOptions,
  pollingOptions,
} from './discovery-options.ts';
import { loadOptions, writeThroughOptions } from './load-options.ts';
import { compression, gutterFailover, login, previousOwner, tls } from './nested-options.ts';
import type { OptionGroup } from './option-group.ts';
import {
  nearCacheOptions,
  rateLimiterOptions,
  sessionStoreOptions,
  tagOptions,
} from './pattern-options.ts';
import { enqueueOptions, writeBehindOptions } from './write-behind-options.ts';

/** Every group of options, by the file of `option-types` that declares its interface. */
export const OPTION_GROUPS = {
  'client.ts': [clientOptions, gutterFailover, previousOwner, login, tls, compression],
  'calls.ts': [callOptions, storeOptions, fetchOptions, deleteOptions, countOptions],
  'patterns.ts': [
    loadOptions,
    writeThroughOptions,
    writeBehindOptions,
    enqueueOptions,
    nearCacheOptions,
    rateLimiterOptions,
    sessionStoreOptions,
    tagOptions,
  ],
  'discovery.ts': [pollingOptions, clusterOptions, elastiCacheOptions, dnsOptions],
} as const satisfies Readonly<Record<string, readonly OptionGroup[]>>;
