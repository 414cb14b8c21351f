import type { ConfigEntries } from './config.ts';
import type { PrefixStats } from './prefixes.ts';

/** The facts and actions of the node that commands need; the server provides them. */
export interface NodeView {
  readonly pid: number;
  /** The version that `version` reports. */
  readonly version: string;
  readonly maxConnections: number;
  readonly threads: number;
  /** Size of the read buffer that each worker thread has. */
  readonly readBufferBytes: number;
  /** Seconds since the node started. */
  uptimeSeconds(): number;
  /** Unix time, in seconds. */
  timeSeconds(): number;
  currentConnections(): number;
  /** The largest number of connections that were open at the same time. */
  peakConnections(): number;
  acceptingConnections(): boolean;
  /** The rows of `stats settings`, in memcached's order. */
  settings(): readonly (readonly [name: string, value: string])[];
  /** The connections of all worker threads, for `stats conns`. */
  connections(): readonly ConnectionView[];
  readonly prefixes: PrefixStats;
  /** Whether clients may stop this node (`shutdown`). */
  readonly shutdownAllowed: boolean;
  /** Stops the node after the current turn. */
  shutDown(graceful: boolean): void;
  /** The entries of the `config` commands. */
  readonly config: ConfigEntries;
  /** Reads the TLS certificates again (`refresh_certs`); returns an error line on failure. */
  refreshCertificates(): string | undefined;
  /** Seconds since the node read the certificates; undefined without TLS. */
  secondsSinceCertificates(): number | undefined;
  /** Sets the log level from 0 to 3 (`verbosity`). */
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
