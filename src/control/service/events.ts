/** DescribeEvents, and the versions of the engine. */
import { invalidCombination } from '../api/errors.ts';
import { ENGINE_VERSIONS } from '../model/engine.ts';
import { compareVersions } from '../model/versions.ts';
import type { Handlers } from './context.ts';
import { pageIn, pageOf } from './paging.ts';

const MINUTE_MS = 60_000;
const DURATION_MINUTES = 60;

export const eventHandlers = {
  DescribeEvents: (input, { state, nowMs }) => {
    const { SourceIdentifier: sourceId, SourceType: sourceType, StartTime, EndTime } = input;
    if (sourceId !== undefined && sourceType === undefined) {
      throw invalidCombination('SourceIdentifier needs SourceType.');
    }
    const untilMs = EndTime ?? nowMs;
    const fromMs = StartTime ?? untilMs - (input.Duration ?? DURATION_MINUTES) * MINUTE_MS;
    const filter = { sourceType, sourceId: sourceId?.toLowerCase(), fromMs, untilMs };
    const { records, ...rest } = pageOf(
      input,
      ({ number }: { readonly number: number }) => String(number),
      (after, limit) => state.events({ ...filter, after: Number(after), limit }),
    );
    return {
      ...rest,
      Events: (records as ReturnType<typeof state.events>).map((event) => ({
        SourceIdentifier: event.sourceId,
        // Each is one of the model's: they come from this program.
        SourceType: event.sourceType as 'cache-cluster',
        Message: event.message,
        Date: event.atMs,
      })),
    };
  },

  DescribeCacheEngineVersions: (input) => {
    const { Engine = 'memcached', EngineVersion, CacheParameterGroupFamily: family } = input;
    const matching = ENGINE_VERSIONS.filter(
      (each) =>
        Engine.toLowerCase() === 'memcached' &&
        (EngineVersion === undefined || each.version === EngineVersion) &&
        (family === undefined || each.family === family),
    );
    const sorted = matching.toSorted((a, b) => compareVersions(a.version, b.version));
    const all = input.DefaultOnly === true ? sorted.slice(-1) : sorted;
    const idOf = ({ version }: (typeof all)[number]) =>
      version
        .split('.')
        .map((part) => part.padStart(3, '0'))
        .join('.');
    const { records, ...rest } = pageIn(input, idOf, all);
    return {
      ...rest,
      CacheEngineVersions: records.map(({ version, family: ofVersion }) => ({
        Engine: 'memcached',
        EngineVersion: version,
        CacheParameterGroupFamily: ofVersion,
        CacheEngineDescription: 'memcached',
        CacheEngineVersionDescription: `memcached version ${version}`,
      })),
    };
  },
} satisfies Handlers;
