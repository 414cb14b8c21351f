/** Changes of a cluster other than its size. */
import { ENGINE_VERSIONS } from '../../model/engine.ts';
import { staying } from '../../model/node-count.ts';
import type { ClusterRecord } from '../../model/records.ts';
import { compareVersions } from '../../model/versions.ts';
import { checksField, selectField, textField } from '../fields.ts';
import { html } from '../html.ts';
import type { Change } from './change.ts';
import { groupOptions } from './create.ts';
import { isNow, whenField } from './scale.ts';

export function modifyChange(cluster: ClusterRecord): Change {
  return {
    title: `Modify ${cluster.id}`,
    verb: 'Modify',
    lead: 'Parameters that need a restart wait for a reboot.',
    defaults: {
      group: cluster.parameterGroup,
      version: cluster.engineVersion,
      window: cluster.maintenanceWindow,
      when: 'now',
    },
    fields: (view, form) => [
      selectField({
        ...{ name: 'group', label: 'Parameter group', value: form.get('group') },
        options: withOption(groupOptions(view), cluster.parameterGroup),
      }),
      selectField({
        ...{ name: 'version', label: 'Engine version', value: form.get('version') },
        options: versions(cluster).map((version) => [version, version]),
      }),
      textField({
        ...{ name: 'window', label: 'Maintenance window', value: form.get('window') },
        hint: html`In UTC, such as <code>sun:03:00-sun:04:00</code>.`,
      }),
      whenField(form, cluster),
    ],
    request: (form) => {
      const version = form.get('version');
      return {
        operation: 'ModifyCacheCluster',
        input: {
          CacheClusterId: cluster.id,
          CacheParameterGroupName: form.get('group'),
          PreferredMaintenanceWindow: form.get('window'),
          ...(version !== cluster.engineVersion && { EngineVersion: version }),
          ApplyImmediately: isNow(form),
        },
      };
    },
  };
}

type Options = readonly (readonly [string, string])[];

const withOption = (options: Options, value: string): Options =>
  options.some(([each]) => each === value) ? options : [[value, value], ...options];

/** A cluster never gets an older one. */
const versions = ({ engineVersion }: ClusterRecord): readonly string[] =>
  ENGINE_VERSIONS.map(({ version }) => version)
    .filter((version) => compareVersions(version, engineVersion) >= 0)
    .toSorted(compareVersions);

export function rebootChange(cluster: ClusterRecord): Change {
  const ids = staying(cluster).map(({ id }) => id);
  return {
    title: `Reboot nodes of ${cluster.id}`,
    verb: 'Reboot',
    lead: 'One node after the other restarts. The others hold its items, and give them back.',
    defaults: { node: ids },
    fields: (_view, form) =>
      checksField({
        ...{ name: 'node', legend: 'Nodes', checked: form.all('node') },
        options: ids.map((id) => [id, id]),
      }),
    request: (form) => ({
      operation: 'RebootCacheCluster',
      input: { CacheClusterId: cluster.id, CacheNodeIdsToReboot: form.all('node') },
    }),
  };
}

export function snapshotChange({ id }: ClusterRecord): Change {
  return {
    title: `Snapshot of ${id}`,
    verb: 'Write snapshot',
    lead: 'All items go to a file; the cluster serves all the time.',
    defaults: {},
    fields: (_view, form) =>
      textField({
        ...{ name: 'name', label: 'Name', value: form.get('name'), isRequired: true },
        hint: 'A letter, then letters, digits and hyphens.',
      }),
    request: (form) => ({
      operation: 'CreateSnapshot',
      input: { CacheClusterId: id, SnapshotName: form.get('name') ?? '' },
    }),
  };
}

export function deleteChange({ id }: ClusterRecord): Change {
  return {
    title: `Delete ${id}`,
    verb: `Delete ${id}`,
    isFinal: true,
    lead: 'All nodes stop, and their files are removed. This cannot be undone.',
    defaults: {},
    fields: (_view, form) =>
      textField({
        ...{ name: 'snapshot', label: 'Last snapshot', value: form.get('snapshot') },
        hint: 'Its name; empty: all items are lost.',
      }),
    request: (form) => ({
      operation: 'DeleteCacheCluster',
      input: { CacheClusterId: id, FinalSnapshotIdentifier: form.get('snapshot') },
    }),
    confirm: textField({
      ...{ name: 'confirm', label: `To confirm, type ${id}`, isRequired: true },
    }),
    whyNot: (form) => (form.get('confirm') === id ? undefined : `Type ${id} to delete it.`),
  };
}
