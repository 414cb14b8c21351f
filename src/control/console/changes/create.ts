import { invalidValue } from '../../api/errors.ts';
import { FAMILIES } from '../../model/engine.ts';
import { NODE_TYPES, nodeType } from '../../model/node-types.ts';
import { REPLICAS_MAX } from '../../service/tags.ts';
import { numberField, selectField, textField } from '../fields.ts';
import { bytes } from '../format.ts';
import { html } from '../html.ts';
import { snapshotsOf } from '../pages/snapshots.ts';
import type { View } from '../view.ts';
import type { Form } from '../web.ts';
import type { Change } from './change.ts';

const MEBIBYTE = 2 ** 20;

export const TYPE_HINT = html`Of ElastiCache, such as <code>cache.t3.micro</code>; or a size of your
own: <code>slabring.256x2</code> has 256 MiB for items and 2 threads.`;

/** The types that a node of slabring can have. */
export const typeOffers = (): readonly (readonly [string, string])[] =>
  NODE_TYPES.filter(({ name }) => nodeType(name) !== undefined).map(
    ({ name, memoryMib, threads }) => [
      name,
      `${bytes(memoryMib * MEBIBYTE)}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    ],
  );

export const createChange: Change = {
  title: 'Create a cluster',
  verb: 'Create cluster',
  lead: 'The nodes run on this machine, and serve within seconds.',
  defaults: { nodes: '3', type: 'cache.t3.micro', replicas: '1', snapshot: '' },
  fields: (view, form) => [
    textField({
      ...{ name: 'id', label: 'Name', value: form.get('id'), isRequired: true },
      hint: 'A letter, then letters, digits and hyphens; at most 50.',
    }),
    numberField({
      ...{ name: 'nodes', label: 'Nodes', value: form.get('nodes') },
      ...{ min: 1, max: view.parts.limits.nodesPerClusterMax },
    }),
    textField({
      ...{ name: 'type', label: 'Node type', value: form.get('type'), isRequired: true },
      ...{ hint: TYPE_HINT, offers: typeOffers() },
    }),
    numberField({
      ...{ name: 'replicas', label: 'Copies of each key', value: form.get('replicas') },
      ...{ min: 1, max: REPLICAS_MAX, hint: 'With 2, one node may die, and no key is lost.' },
    }),
    selectField({
      ...{ name: 'group', label: 'Parameter group', value: form.get('group') },
      options: [['', 'the default'], ...groupOptions(view)],
    }),
    selectField({
      ...{ name: 'snapshot', label: 'Items of a snapshot', value: form.get('snapshot') },
      options: [['', 'none'], ...snapshotOptions(view)],
    }),
    textField({
      ...{ name: 'window', label: 'Maintenance window', value: form.get('window') },
      hint: html`In UTC, such as <code>sun:03:00-sun:04:00</code>; empty: one is chosen.`,
    }),
  ],
  request: (form) => {
    const replicas = numberIn(form, 'replicas');
    return {
      operation: 'CreateCacheCluster',
      input: {
        CacheClusterId: form.get('id') ?? '',
        Engine: 'memcached',
        NumCacheNodes: numberIn(form, 'nodes'),
        CacheNodeType: form.get('type'),
        CacheParameterGroupName: form.get('group'),
        PreferredMaintenanceWindow: form.get('window'),
        SnapshotName: form.get('snapshot'),
        ...(replicas > 1 && { Tags: [{ Key: 'slabring:replicas', Value: String(replicas) }] }),
      },
    };
  },
};

/** @throws {ApiError} `InvalidParameterValue` */
export function numberIn(form: Form, name: string): number {
  const text = form.get(name) ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidValue(`The field ${name} must be a whole number, and is '${text.slice(0, 50)}'.`);
}

const snapshotOptions = (view: View): readonly (readonly [string, string])[] =>
  snapshotsOf(view)
    .filter(({ status }) => status === 'available')
    .map(({ name, cluster }) => [name, `${name}, of ${cluster.id}`]);

export function groupOptions(view: View): readonly (readonly [string, string])[] {
  const groups = view.all((Marker) => {
    const { CacheParameterGroups = [], Marker: marker } = view.run('DescribeCacheParameterGroups', {
      Marker,
    });
    return { records: CacheParameterGroups, marker };
  });
  const newest = FAMILIES.at(-1);
  return groups
    .filter(({ CacheParameterGroupFamily: family }) => family === newest)
    .map(({ CacheParameterGroupName: name = '' }) => [name, name]);
}
