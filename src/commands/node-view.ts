import type { ConfigEntries } from './config.ts';
import type { PrefixStats } from './prefixes.ts';

/** What `stats` shows of the node around the store; the server provides it. */
export interface NodeView {
  readonly pid: number;
  /** What `version` answers. */
  readonly version: string;
  readonly maxConnections: number;
  readonly threads: number;
  /** What each thread reads into. */
  readonly readBufferBytes: number;
  /** Seconds the node has been up. */
  uptimeSeconds(): number;
  /** Unix time, in seconds. */
  timeSeconds(): number;
  currentConnections(): number;
  /** Connections ever seen at the same time. */
  connectionStructures(): number;
  acceptingConnections(): boolean;
  /** `stats settings`, in memcached's order. */
  settings(): readonly (readonly [name: string, value: string])[];
  /** `stats conns`: every connection of every thread. */
  connections(): readonly ConnectionView[];
  readonly prefixes: PrefixStats;
  /** Whether clients may stop this node (`shutdown`). */
  readonly mayShutDown: boolean;
  /** Stops the node, after this turn. */
  shutDown(graceful: boolean): void;
  /** What `config` keeps. */
  readonly config: ConfigEntries;
  /** `refresh_certs`: undefined when done, else a sentence. */
  refreshCertificates(): string | undefined;
  /** Since the certificates were read; undefined without TLS. */
  secondsSinceCertificates(): number | undefined;
  /** 0 … 3, as `verbosity` sets it. */
  setVerbosity(level: number): void;
}

export interface ConnectionView {
  readonly id: number;
  /** Such as `tcp:127.0.0.1:51234` or `unix:/path`. */
  readonly address: string;
  readonly listenAddress: string;
  /** memcached's name of the state, such as `conn_read`. */
  readonly state: string;
  readonly idleSeconds: number;
}
