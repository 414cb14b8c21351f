import { isAllowed } from '../access/policy.ts';
import { ApiError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';
import type { Context, Limits } from './context.ts';
import { HANDLERS } from './handlers.ts';
import { resourcesOf } from './resources.ts';

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
}

/** Runs operations: who may do it, then all of it or nothing. */
export class Service {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** @throws {ApiError} */
  run(operation: OperationName, input: object, accessKeyId: string): object | undefined {
    const changed = new Set<string>();
    const later: (() => void)[] = [];
    const context = this.#context({
      changed: (id) => changed.add(id),
      after: (run) => later.push(run),
    });
    if (this.#parts.checksAccess) this.#checkAccess(operation, input, accessKeyId, context);
    const handler = HANDLERS[operation] as
      | ((input: object, context: Context) => object | undefined)
      | undefined;
    if (handler === undefined) {
      const text = `${operation} is not offered by this version of slabring.`;
      throw new ApiError('InvalidAction', text);
    }
    const output = this.#parts.state.transaction(() => handler(input, context));
    for (const run of later) run();
    for (const id of changed) this.#parts.changed(id);
    return output;
  }

  #checkAccess(operation: string, input: object, accessKeyId: string, context: Context): void {
    const policy = this.#parts.state.accessKey(accessKeyId)?.policy ?? [];
    const action = `elasticache:${operation}`;
    if (isAllowed(policy, { action, resources: resourcesOf(input, context) })) return;
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
