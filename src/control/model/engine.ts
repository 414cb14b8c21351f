/** The versions of the engine, as ElastiCache names them; pure. */
import { compareVersions } from './versions.ts';

export interface EngineVersion {
  readonly version: string;
  readonly family: string;
}

const FAMILY_OF = (version: string): string => `memcached${version.split('.', 2).join('.')}`;

/** slabring answers as memcached 1.6 does, whatever version a cluster names. */
export const ENGINE_VERSIONS: readonly EngineVersion[] = [
  ...['1.4.5', '1.4.14', '1.4.24', '1.4.33', '1.4.34'],
  ...['1.5.10', '1.5.16', '1.6.6', '1.6.12', '1.6.17', '1.6.22'],
].map((version) => ({ version, family: FAMILY_OF(version) }));

export const DEFAULT_ENGINE_VERSION = '1.6.22';
export const FAMILIES: readonly string[] = [
  ...new Set(ENGINE_VERSIONS.map(({ family }) => family)),
];

/** The version that a text such as `1.6.17` or `1.6` names; the newest one of `1.6`. */
export function engineVersion(text: string): EngineVersion | undefined {
  const exact = ENGINE_VERSIONS.find(({ version }) => version === text);
  return exact ?? ENGINE_VERSIONS.findLast(({ version }) => version.startsWith(`${text}.`));
}

export const isUpgrade = (from: string, to: string): boolean => compareVersions(from, to) < 0;
