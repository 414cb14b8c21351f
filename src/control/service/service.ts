import { isAllowed } from '../access/policy.ts';
import { ApiError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';
import type { Context, Limits } from './context.ts';
import { type DryPlan, isDryRun, planMembers } from './dry-run.ts';
import { HANDLERS } from './handlers.ts';
import { resourcesOf } from './resources.ts';

/** An operation of an API: what policies call it, what does it, and what it touches. */
export interface Call {
  /** Such as `elasticache:CreateCacheCluster`. */
  readonly action: string;
  /** Undefined: it is not offered. */
  readonly handler: ((input: object, context: Context) => object | undefined) | undefined;
  readonly resourcesOf: (input: object, context: Context) => ReturnType<typeof resourcesOf>;
}

const elastiCacheCall = (operation: OperationName): Call => ({
  action: `elasticache:${operation}`,
  handler: HANDLERS[operation] as Call['handler'],
  resourcesOf,
});

interface ServiceParts {
  readonly state: StateFile;
  readonly files: SnapshotFiles;
  readonly region: string;
  /** The version of slabring that is installed. */
  readonly version: string;
  readonly limits: Limits;
  /** Whether the policy of the access key decides what a request may do. */
  readonly checksAccess: boolean;
  readonly nowMs: () => number;
  /** A cluster has changed: the transaction is over. */
  readonly changed: (clusterId: string) => void;
  /** What has to be done until a cluster is as its record wants it. */
  readonly planOf: (cluster: ClusterRecord) => DryPlan;
}

/** Undoes the transaction of an operation that only shows what it would do. */
class Undone extends Error {}

/** What an operation asks for, beside the change of the state. */
type Wishes = Pick<Context, 'changed' | 'after'>;

/** Runs operations: who may do it, then all of it or nothing. */
export class Service {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** @throws {ApiError} */
  run(operation: OperationName, input: object, accessKeyId: string): object | undefined {
    return this.call(elastiCacheCall(operation), input, accessKeyId);
  }

  /** @throws {ApiError} */
  call(call: Call, input: object, accessKeyId: string): object | undefined {
    if (isDryRun(input)) return this.#planned(call, input, accessKeyId);
    return this.#withEffects((wishes) => this.#run(call, input, accessKeyId, wishes));
  }

  /** Answers as if the operation had been done, with its plan. */
  #planned(call: Call, input: object, accessKeyId: string): object {
    const { state, planOf } = this.#parts;
    return this.#undone(call, input, accessKeyId, (output) => {
      const id = 'CacheClusterId' in input ? String(input.CacheClusterId).toLowerCase() : '';
      return { ...output, Plan: planMembers(planOf(state.get('cluster', id)!)) };
    });
  }

  /** A change that the manager itself makes, in one transaction. */
  act<T>(run: (context: Context) => T): T {
    return this.#withEffects((wishes) =>
      this.#parts.state.transaction(() => run(this.#context(wishes))),
    );
  }

  #withEffects<T>(run: (wishes: Wishes) => T): T {
    const changed = new Set<string>();
    const later: (() => void)[] = [];
    const output = run({
      changed: (id) => changed.add(id),
      after: (each) => later.push(each),
    });
    for (const each of later) each();
    for (const id of changed) this.#parts.changed(id);
    return output;
  }

  /**
   * Runs an operation, reads the state that it leaves, and undoes all of it.
   * @throws {ApiError} as the operation does.
   */
  preview<T>(operation: OperationName, input: object, accessKeyId: string, read: () => T): T {
    return this.#undone(elastiCacheCall(operation), input, accessKeyId, read);
  }

  #undone<T>(
    call: Call,
    input: object,
    accessKeyId: string,
    read: (output: object | undefined) => T,
  ): T {
    const results: T[] = [];
    try {
      this.#parts.state.transaction(() => {
        const wishes = { changed: () => {}, after: () => {} };
        results.push(read(this.#run(call, input, accessKeyId, wishes)));
        throw new Undone();
      });
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
    }
    return results[0]!;
  }

  /** Whether an access key may do something that is no operation of the API. */
  allows(action: string, resource: Parameters<typeof arnOf>[1], accessKeyId: string): boolean {
    const { state, region, checksAccess } = this.#parts;
    if (!checksAccess) return true;
    const policy = state.accessKey(accessKeyId)?.policy ?? [];
    const tags = state.tagsOf(resource.kind, resource.id);
    return isAllowed(policy, { action, resources: [{ arn: arnOf(region, resource), tags }] });
  }

  #run(call: Call, input: object, accessKeyId: string, wishes: Wishes): object | undefined {
    const { action, handler } = call;
    const context = this.#context(wishes);
    if (this.#parts.checksAccess) this.#checkAccess(call, input, accessKeyId, context);
    if (handler === undefined) {
      const name = action.slice(action.indexOf(':') + 1);
      const text = `${name} is not offered by this version of slabring.`;
      throw new ApiError('InvalidAction', text);
    }
    return this.#parts.state.transaction(() => handler(input, context));
  }

  #checkAccess(call: Call, input: object, accessKeyId: string, context: Context): void {
    const policy = this.#parts.state.accessKey(accessKeyId)?.policy ?? [];
    const { action } = call;
    if (isAllowed(policy, { action, resources: call.resourcesOf(input, context) })) return;
    throw new ApiError('AccessDenied', `The access key ${accessKeyId} may not do ${action} there.`);
  }

  #context(effects: Pick<Context, 'changed' | 'after'>): Context {
    const { state, files, region, version, limits, nowMs } = this.#parts;
    const atMs = nowMs();
    const tell = (sourceType: string, sourceId: string, message: string): void =>
      state.addEvent({ sourceType, sourceId, message, atMs });
    return { state, files, region, version, limits, nowMs: atMs, tell, ...effects };
  }
}
