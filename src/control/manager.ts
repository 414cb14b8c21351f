import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { TlsOptions } from 'node:tls';
import type { Logger } from '../base/index.ts';
import { EVERYTHING } from './access/policy.ts';
import { ApiServer } from './api/api-server.ts';
import { Console } from './console/console.ts';
import { KeySocket } from './keys/key-socket.ts';
import { type NewKey, newKey } from './keys/new-key.ts';
import { adminReader } from './metrics/admin-reader.ts';
import { ClusterMetrics } from './metrics/cluster-metrics.ts';
import { Sampler, sampledNodes } from './metrics/sampler.ts';
import { type ClusterRecord, everyCluster } from './model/records.ts';
import { hiddenName } from './model/serverless-names.ts';
import { failureOf } from './reconciler/failures.ts';
import { Reconciler } from './reconciler/reconciler.ts';
import { wantedOf } from './reconciler/wanted.ts';
import { LocalRuntime } from './runtime/local-runtime.ts';
import { Scaler } from './scaling/scaler.ts';
import { ServerlessKeeper } from './serverless/keeper.ts';
import { apisOf } from './service/apis-of.ts';
import type { Limits } from './service/context.ts';
import { type DryPlan, dryPlan } from './service/dry-run.ts';
import { Service } from './service/service.ts';
import { openWindow } from './service/windows.ts';
import { openState } from './state/open-state.ts';
import { SnapshotFolder } from './state/snapshot-files.ts';
import type { StateFile } from './state/state-file.ts';

export interface ManagerOptions {
  /** The folder of the state and of the clusters. */
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  /** The version of slabring. */
  readonly version: string;
  readonly needsSignature: boolean;
  /** Reads the certificate of the API and the console; undefined for plain HTTP. */
  readonly readTls?: (() => Promise<TlsOptions>) | undefined;
  readonly limits: Limits;
  /** The command that runs slabring. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** An older sample says nothing of what a node holds now. */
const SAMPLE_MS_MAX = 15_000;
/** How often windows are looked at. */
const WINDOW_LOOK_MS = 30_000;

/** A serverless cache without a maximum grows to so much of the memory of the machine. */
const SHARE_OF_MEMORY = 0.5;
const MEBIBYTE = 2 ** 20;

/** The managed layer: the API in front, the state, and the reconciler behind. */
export class Manager {
  readonly #log: Logger;
  readonly #state: StateFile;
  readonly #runtime: LocalRuntime;
  readonly #files: SnapshotFolder;
  readonly #reconciler: Reconciler;
  readonly #metrics = new ClusterMetrics();
  readonly #sampler: Sampler;
  #service: Service | undefined;
  #scaler: Scaler | undefined;
  readonly #keeper: ServerlessKeeper;
  #server: ApiServer | undefined;
  #keySocket: KeySocket | undefined;
  #firstKey: NewKey | undefined;
  #windows: NodeJS.Timeout | undefined;

  private constructor(options: ManagerOptions, state: StateFile, log: Logger) {
    this.#log = log;
    this.#state = state;
    const { data, version, limits, program, env } = options;
    const folder = join(resolve(data), 'clusters');
    this.#runtime = new LocalRuntime({ program, folder, host: limits.host, env });
    const nowMs = () => Date.now();
    this.#files = new SnapshotFolder(join(resolve(data), 'snapshots'));
    const parts = { state, files: this.#files, runtime: this.#runtime, version, log, nowMs };
    this.#reconciler = new Reconciler(parts);
    this.#sampler = new Sampler({
      metrics: this.#metrics,
      nodes: () => sampledNodes(everyCluster(state), limits.host),
      reader: () => adminReader(env),
      nowMs,
    });
    this.#keeper = new ServerlessKeeper({
      ...{ state, log, nowMs, files: this.#files, metrics: this.#metrics },
      freeMib: Math.floor((totalmem() * SHARE_OF_MEMORY) / MEBIBYTE),
      changed: (id) => this.#reconciler.changed(id),
    });
  }

  /**
   * Opens the state, listens, and begins to make the clusters as they are wanted.
   * @throws {CodedError} `ERR_STATE_FILE`, `ERR_CERTIFICATE`, `ERR_PORT_TAKEN` or
   *   `ERR_ADDRESS_UNAVAILABLE`
   */
  static async open(options: ManagerOptions, log: Logger): Promise<Manager> {
    const state = openState(options.data);
    const manager = new Manager(options, state, log);
    const nowMs = () => Date.now();
    const { region, version, limits, needsSignature } = options;
    const changed = (id: string) => manager.#reconciler.changed(id);
    const service = new Service({
      state,
      files: manager.#files,
      region,
      version,
      limits,
      checksAccess: needsSignature,
      nowMs,
      changed,
      planOf: (cluster) => manager.#planOf(cluster),
    });
    const apis = apisOf({ service, metrics: manager.#metrics, nowMs, log });
    manager.#service = service;
    manager.#scaler = new Scaler({ service, metrics: manager.#metrics, log });
    const secretOf = (id: string) => state.accessKey(id)?.secret;
    const pages = new Console(
      {
        host: options.host,
        needsKey: needsSignature,
        isSecure: options.readTls !== undefined,
        port: () => Number(new URL(manager.url).port),
      },
      {
        ...{ service, state, limits, region, nowMs, log, metrics: manager.#metrics },
        reader: () => adminReader(options.env),
        observe: (id) => manager.#runtime.observe(id),
      },
    );
    try {
      manager.#server = await ApiServer.open(options, { apis, pages, secretOf, nowMs, log });
      manager.#keySocket = await KeySocket.open(options.data, state, log);
      manager.#begin(needsSignature);
    } catch (error) {
      await Promise.all([manager.#server?.close(), manager.#keySocket?.close()]);
      state.close();
      throw error;
    }
    return manager;
  }

  /** By what was seen last: a request does not wait for nodes. */
  #planOf(cluster: ClusterRecord): DryPlan {
    return dryPlan(cluster, {
      seen: this.#reconciler.seen(cluster.id),
      wanted: wantedOf(cluster, this.#state),
      nodes: this.#metrics.now(cluster.id, Date.now() - SAMPLE_MS_MAX),
    });
  }

  get url(): string {
    return this.#server!.url;
  }

  /** Undefined if there were keys before, or none is needed. */
  get firstKey(): NewKey | undefined {
    return this.#firstKey;
  }

  /**
   * Reads the certificate again.
   * @throws {CodedError} `ERR_CERTIFICATE`; the old one stays.
   */
  reload(): Promise<void> {
    return this.#server!.reload();
  }

  /** Stops the API and all clusters; the items of their nodes wait in files. */
  async close(): Promise<void> {
    clearInterval(this.#windows);
    this.#keeper.stop();
    this.#scaler?.stop();
    await Promise.all([this.#server!.close(), this.#keySocket?.close()]);
    this.#runtime.close();
    await Promise.all([this.#reconciler.stop(), this.#sampler.stop()]);
    const clusters = everyCluster(this.#state);
    const ends = await Promise.allSettled(clusters.map(({ id }) => this.#runtime.stop(id)));
    this.#state.close();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** A start that cannot listen does none of this: nobody would see the key, nor a warning. */
  #begin(needsSignature: boolean): void {
    const state = this.#state;
    const ofCaches = state.list('serverlesscachesnapshot').map(({ name }) => hiddenName(name));
    const known = new Set([...state.list('snapshot').map(({ name }) => name), ...ofCaches]);
    for (const name of this.#files.hideUnknown(known)) {
      this.#log.warn({ name }, `The state knows no such snapshot: its folder is ${name} now.`);
    }
    if (needsSignature && !state.hasAccessKeys) {
      this.#firstKey = newKey();
      state.addAccessKey({ ...this.#firstKey, policy: EVERYTHING });
    }
    this.#reconciler.start();
    this.#sampler.start();
    this.#scaler?.start();
    this.#keeper.start();
    this.#windows = setInterval(() => this.#openWindows(), WINDOW_LOOK_MS);
  }

  /** Changes that waited for the maintenance window begin in it. */
  #openWindows(): void {
    for (const { id } of this.#state.list('cluster')) {
      try {
        this.#service?.act((context) => openWindow(id, context));
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        this.#log.error({ cluster: id }, `${id}: ${failure.message} The next look tries it again.`);
      }
      this.#reconciler.changed(id);
    }
  }
}
