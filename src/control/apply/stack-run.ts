import { CodedError } from '../../base/index.ts';
import { afterUndo, changedNames, withDefaults } from './properties.ts';
import {
  type Calls,
  isNotFound,
  isTaken,
  onceIdle,
  type ResourceType,
  untilGone,
  untilReady,
} from './resource-type.ts';
import {
  deletions,
  nameFor,
  type Stack,
  type StackResource,
  type Step,
  sealed,
  stepFor,
  type Wanted,
  type Wish,
} from './stack.ts';
import type { StackFile } from './stack-file.ts';
import { resourceType } from './types.ts';

type Progress = (step: Step, text: string) => void;

/** Makes a stack as it is wanted, and keeps its file true after each step. */
export class StackRun {
  readonly #calls: Calls;
  readonly #file: StackFile;
  readonly #progress: Progress;
  /** Changes that have begun: a call of several may have happened when the next one fails. */
  readonly #attempted = new Map<string, StackResource>();
  /** Those of them that the API has taken, to the last call. */
  readonly #accepted = new Set<string>();
  #stack: Stack;

  constructor(parts: { calls: Calls; file: StackFile; progress: Progress; stack: Stack }) {
    this.#calls = parts.calls;
    this.#file = parts.file;
    this.#progress = parts.progress;
    this.#stack = parts.stack;
  }

  get stack(): Stack {
    return this.#stack;
  }

  /**
   * Makes all steps. A step that fails undoes those before it, unless `keepsFailed`.
   * @throws {CodedError} the failure
   */
  async apply(wish: Wish, { keepsFailed }: { readonly keepsFailed: boolean }): Promise<void> {
    const before = this.#stack;
    try {
      for (const logical of wish.order) await this.#make(logical, wish);
    } catch (error) {
      if (keepsFailed || !(error instanceof CodedError)) throw error;
      await this.#undo(before, wish);
      throw error;
    }
    await this.#removeAll(deletions(this.#stack, wish.order));
    await this.#removeLeftovers();
  }

  /** Deletes all that the stack has. */
  async remove(): Promise<void> {
    await this.#removeAll(deletions(this.#stack, []));
    await this.#removeLeftovers();
    this.#file.remove();
  }

  async #make(logical: string, wish: Wish): Promise<void> {
    const before = this.#stack.resources[logical];
    const wanted = wish.wanted(logical, this.#stack.resources);
    const step = stepFor(logical, before, wanted, this.#stack.salt);
    if (step.action === 'none') return this.#put(logical, { ...before!, ...kept(wanted) });
    const startedMs = performance.now();
    this.#progress(step, `${step.action} …`);
    if (step.action === 'update') await this.#update(logical, before!, wanted, step);
    else await this.#create(logical, before, wanted);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    this.#progress(step, `${step.action}d in ${seconds} s`);
  }

  async #create(
    logical: string,
    before: StackResource | undefined,
    { type, typeName, properties, ...wanted }: Wanted,
  ): Promise<void> {
    const given = type.nameProperty === undefined ? undefined : properties[type.nameProperty];
    // The API has names in lower case.
    const own = given === undefined ? undefined : String(given).toLowerCase();
    const again = before?.isPending && (own === undefined || own === before.id);
    const id = again ? before.id : (own ?? nameFor(this.#stack.name, logical));
    const made: StackResource = {
      type: typeName,
      id,
      properties: sealed(properties, type, this.#stack.salt),
      attributes: {},
      ...kept(wanted),
    };
    if (before !== undefined && !before.isPending) this.#leave(logical, before);
    this.#put(logical, { ...made, isPending: true });
    try {
      await type.create(this.#calls, id, properties);
    } catch (error) {
      // A process that was killed in the midst of it has made it already.
      if (!(again && isTaken(error))) {
        if (isTaken(error)) this.#drop(logical);
        throw error;
      }
    }
    await type.complete?.(this.#calls, id, properties);
    this.#put(logical, { ...made, attributes: await untilReady(type, this.#calls, id) });
  }

  async #update(
    logical: string,
    before: StackResource,
    { type, properties, ...wanted }: Wanted,
    { changed }: Step,
  ): Promise<void> {
    const { id } = before;
    await untilReady(type, this.#calls, id);
    const sent = withDefaults(properties, changed, type.properties);
    const change = { id, before: before.properties, after: sent, changed };
    const after = sealed(properties, type, this.#stack.salt);
    this.#attempted.set(logical, { ...before, properties: after });
    this.#put(logical, withoutSecrets(before, changed));
    await type.update(this.#calls, change);
    this.#accepted.add(logical);
    // The wait or the undo may fail: the file has what the API has taken.
    this.#put(logical, { ...before, properties: after, ...kept(wanted) });
    const attributes = await untilReady(type, this.#calls, id);
    this.#put(logical, { ...before, properties: after, attributes, ...kept(wanted) });
  }

  /**
   * Back to what was before: the newest first. Secrets have only hashes, so they stay as they are,
   * and are forgotten: the next run sets them.
   */
  async #undo(before: Stack, wish: Wish): Promise<void> {
    for (const logical of wish.order.toReversed()) {
      const has = this.#stack.resources[logical];
      const then = before.resources[logical];
      const attempted = this.#attempted.get(logical);
      const now = attempted ?? has;
      const type = (now ?? then)?.type;
      if (type === undefined || (attempted === undefined && has === then)) continue;
      const step: Step = { logical, type, action: 'update', changed: [] };
      try {
        this.#progress(step, 'undo …');
        await this.#undoOne(logical, now, then);
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        this.#progress(step, `cannot be undone: ${error.message}`);
      }
    }
  }

  async #undoOne(
    logical: string,
    now: StackResource | undefined,
    then: StackResource | undefined,
  ): Promise<void> {
    if (now !== undefined && then?.id === now.id) {
      const type = resourceType(logical, now.type);
      const differ = changedNames(now.properties, then.properties);
      const changed = differ.filter((name) => !type.properties[name]?.isSecret);
      const after = withDefaults(then.properties, changed, type.properties);
      const change = { id: now.id, before: now.properties, after, changed };
      await untilReady(type, this.#calls, now.id);
      if (changed.length > 0) await type.update(this.#calls, change);
      await untilReady(type, this.#calls, now.id);
      // Of a change that was refused, nothing was made that no call takes back.
      const made = this.#accepted.has(logical) ? now : then;
      const properties = afterUndo(made.properties, then.properties, type.properties);
      return this.#put(logical, withoutSecrets({ ...then, properties }, differ));
    }
    if (now !== undefined) await this.#delete(resourceType(logical, now.type), now, false);
    this.#drop(logical);
    if (then === undefined) return;
    const leftovers = this.#stack.leftovers.filter(({ id }) => id !== then.id);
    this.#save({ ...this.#stack, leftovers });
    this.#put(logical, then);
  }

  async #removeAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      const { logical, action } = step;
      const resource = this.#stack.resources[logical]!;
      this.#progress(step, action === 'keep' ? `${resource.id} is kept` : 'delete …');
      const takesSnapshot = resource.deletionPolicy === 'Snapshot';
      const type = resourceType(logical, resource.type);
      if (action === 'delete') await this.#delete(type, resource, takesSnapshot);
      this.#drop(logical);
    }
  }

  async #removeLeftovers(): Promise<void> {
    for (const leftover of this.#stack.leftovers) {
      const { logical, type } = leftover;
      const isKept = leftover.replacePolicy === 'Retain';
      const step: Step = { logical, type, action: isKept ? 'keep' : 'delete', changed: [] };
      this.#progress(step, isKept ? `${leftover.id} is kept` : `delete ${leftover.id} …`);
      const takesSnapshot = leftover.replacePolicy === 'Snapshot';
      if (!isKept) await this.#delete(resourceType(logical, type), leftover, takesSnapshot);
      const leftovers = this.#stack.leftovers.filter((each) => each !== leftover);
      this.#save({ ...this.#stack, leftovers });
    }
  }

  async #delete(
    type: ResourceType,
    { id, properties }: StackResource,
    takesSnapshot: boolean,
  ): Promise<void> {
    const member = takesSnapshot ? type.snapshotMember : undefined;
    const snapshot = member === undefined ? {} : { [member]: nameFor(id, 'final') };
    try {
      await onceIdle(() => type.remove(this.#calls, id, { properties, snapshot }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await untilGone(type, this.#calls, id);
  }

  #leave(logical: string, resource: StackResource): void {
    const leftovers = [...this.#stack.leftovers, { ...resource, logical }];
    this.#save({ ...this.#stack, leftovers });
  }

  #put(logical: string, resource: StackResource): void {
    const resources = { ...this.#stack.resources, [logical]: resource };
    this.#save({ ...this.#stack, resources });
  }

  #drop(logical: string): void {
    const { [logical]: _, ...resources } = this.#stack.resources;
    this.#save({ ...this.#stack, resources });
  }

  #save(stack: Stack): void {
    this.#file.write(stack);
    this.#stack = stack;
  }
}

/** Of these names: what the API has of them is not known. */
function withoutSecrets(resource: StackResource, names: readonly string[]): StackResource {
  const type = resourceType(resource.id, resource.type);
  const isKept = (name: string) => !(names.includes(name) && type.properties[name]?.isSecret);
  const properties = Object.entries(resource.properties).filter(([name]) => isKept(name));
  return { ...resource, properties: Object.fromEntries(properties) };
}

/** What only this command knows of a resource, and the API does not. */
const kept = ({
  dependsOn,
  deletionPolicy,
  replacePolicy,
}: Pick<Wanted, 'dependsOn' | 'deletionPolicy' | 'replacePolicy'>) => {
  return { dependsOn, deletionPolicy, replacePolicy };
};
