import { ApiError } from '../../src/control/api/errors.ts';
import { OPERATIONS, type OperationName } from '../../src/control/api/operations.ts';
import type { Calls } from '../../src/control/apply/resource-type.ts';
import { newStack, type Stack, Wish } from '../../src/control/apply/stack.ts';
import { StackFile } from '../../src/control/apply/stack-file.ts';
import { StackRun } from '../../src/control/apply/stack-run.ts';
import { readTemplate } from '../../src/control/apply/template.ts';
import type { Json, JsonObject } from '../../src/control/apply/template-text.ts';
import { childOf, membersOf, parseXml, textOf } from '../../src/control/calls/reply-tree.ts';
import { formOf } from '../../src/control/calls/request-form.ts';
import { ApiHarness } from './control-api.ts';

/** A resource of a template. */
export const resource = (
  type: string,
  properties: JsonObject,
  attributes: JsonObject = {},
): JsonObject => ({ Type: `AWS::ElastiCache::${type}`, Properties: properties, ...attributes });

export const group = (
  description: string,
  more: JsonObject = {},
  attributes: JsonObject = {},
): JsonObject => {
  const properties = { CacheParameterGroupFamily: 'memcached1.6', Description: description };
  return resource('ParameterGroup', { ...properties, ...more }, attributes);
};

/** A group that cannot be made: its run fails, after another resource is made. */
export const broken = (DependsOn: string): JsonObject =>
  group('x', { Properties: { max_item_size: 'none' } }, { DependsOn });

export const user = (properties: JsonObject): JsonObject =>
  resource('User', { UserId: 'app', UserName: 'app', Engine: 'memcached', ...properties });

export const cluster = (properties: JsonObject = {}): JsonObject =>
  resource('CacheCluster', {
    ...{ ClusterName: 'Web', Engine: 'memcached', CacheNodeType: 'slabring.64x1' },
    NumCacheNodes: 1,
    ...properties,
  });

/** `slabring apply` at the API in memory; a test says what happens after each call. */
export class StackHarness {
  readonly api = new ApiHarness();
  readonly file: StackFile;
  /** Called with `ModifyUser` after this call, or with `ModifyUser failed`. */
  after: (operation: string) => void = () => {};

  constructor(folder: string) {
    this.file = new StackFile(`${folder}/shop.stack.json`);
  }

  readonly calls: Calls = async (operation: OperationName, input) => {
    const { output } = OPERATIONS[operation];
    const form = formOf(input, OPERATIONS[operation].input).join('&');
    const root = parseXml(this.api.ask(operation, form).body);
    const error = childOf(root, 'Error');
    this.after(error === undefined ? operation : `${operation} failed`);
    if (error !== undefined) {
      throw new ApiError(textOf(childOf(error, 'Code')), textOf(childOf(error, 'Message')));
    }
    const result = childOf(root, `${operation}Result`);
    return output === undefined || result === undefined ? {} : membersOf(result, output);
  };

  get resources(): Stack['resources'] {
    return this.file.read()!.resources;
  }

  async apply(resources: Json): Promise<void> {
    const facts = { name: 'shop', region: 'local', given: {} };
    const wish = new Wish(readTemplate({ Resources: resources }), facts);
    await this.#run().apply(wish, { keepsFailed: false });
  }

  /** The operations that a run has called. */
  async calledBy(resources: Json): Promise<readonly string[]> {
    const called: string[] = [];
    this.after = (operation) => void called.push(operation);
    await this.apply(resources);
    return called;
  }

  async remove(): Promise<void> {
    await this.#run().remove();
  }

  /** The cluster is available again after these operations. */
  settleAfter(...operations: readonly string[]): void {
    this.after = (operation) => {
      if (operations.includes(operation)) this.api.settle('web');
    };
  }

  /** The cluster begins to change. */
  modify(): void {
    const { state } = this.api;
    state.put('cluster', 'web', { ...state.get('cluster', 'web')!, status: 'modifying' });
  }

  groups(): readonly unknown[] {
    const groups = this.api.state.list('parametergroup');
    return groups.map(({ description, values }) => [description, values]).sort();
  }

  #run(): StackRun {
    const { calls, file } = this;
    const stack = file.read() ?? newStack('shop', 'http://a');
    return new StackRun({ calls, file, stack, progress: () => {} });
  }
}
