/** What the state keeps of serverless caches. */

/** As GB and ECPU of the API; undefined: the service decides. */
export interface UsageLimits {
  readonly gigabytesMin?: number | undefined;
  readonly gigabytesMax?: number | undefined;
  readonly ecpuPerSecondMin?: number | undefined;
  readonly ecpuPerSecondMax?: number | undefined;
}

/** The counters of a proxy, since its process has started. */
export interface ProxyCounters {
  readonly startedSeconds: number;
  readonly ecpu: number;
  readonly throttled: number;
}

/** What a cache has used since it was created. */
export interface ServerlessUsage {
  readonly ecpu: number;
  readonly throttled: number;
  readonly gigabyteHours: number;
  /** Until when it is counted. */
  readonly untilMs: number;
  /** What the counters of its proxy were then: the usage has them. */
  readonly counted?: ProxyCounters | undefined;
}

export interface ServerlessRecord {
  /** In lower case. */
  readonly name: string;
  readonly description: string | undefined;
  readonly createdMs: number;
  readonly status: 'creating' | 'available' | 'modifying' | 'deleting' | 'create-failed';
  readonly limits: UsageLimits;
  readonly securityGroupIds: readonly string[];
  readonly subnetIds: readonly string[];
  readonly networkType: 'ipv4' | 'ipv6' | 'dual_stack';
  /** 0: no daily snapshots. */
  readonly snapshotRetentionDays: number;
  /** `hh:mm`, UTC. */
  readonly dailySnapshotTime: string;
  readonly usage: ServerlessUsage;
  /** When its nodes became more or fewer, larger or smaller. */
  readonly resizedMs: number;
}

export interface ServerlessSnapshotRecord {
  /** In lower case. */
  readonly name: string;
  readonly type: 'manual' | 'automated';
  readonly status: 'creating' | 'available' | 'failed' | 'deleting';
  readonly createdMs: number;
  /** Only of an automated one: it is deleted then. */
  readonly expiresMs: number | undefined;
  /** Of all nodes; 0 until it is available. */
  readonly items: number;
  /** Of the file. */
  readonly bytes: number;
  /** The name of the cache. */
  readonly cache: string;
}
