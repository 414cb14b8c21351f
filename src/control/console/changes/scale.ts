import { invalidValue } from '../../api/errors.ts';
import { staying } from '../../model/node-count.ts';
import type { ClusterRecord } from '../../model/records.ts';
import { checksField, numberField, textField } from '../fields.ts';
import type { Form } from '../web.ts';
import type { Change } from './change.ts';
import { numberIn, TYPE_HINT, typeOffers } from './create.ts';

const NOW = 'now';

/** When a change begins. */
export const whenField = (form: Form, { maintenanceWindow, status }: ClusterRecord) =>
  checksField({
    ...{ name: 'when', legend: 'When', type: 'radio', checked: form.all('when') },
    options: [
      [NOW, 'Now'],
      // A change that is stuck is replaced now.
      ...(status === 'available'
        ? [['window', `In the maintenance window, ${maintenanceWindow} UTC`] as const]
        : []),
    ],
  });

export const isNow = (form: Form): boolean => form.get('when') === NOW;

export function scaleChange(cluster: ClusterRecord): Change {
  const nodes = staying(cluster);
  return {
    title: `Scale ${cluster.id}`,
    verb: 'Scale',
    lead: 'Items move before a node goes, and clients are served all the time.',
    defaults: { nodes: String(nodes.length), type: cluster.nodeType, when: NOW },
    fields: (view, form) => [
      numberField({
        ...{ name: 'nodes', label: 'Nodes', value: form.get('nodes') },
        ...{ min: 1, max: view.parts.limits.nodesPerClusterMax },
      }),
      checksField({
        ...{ name: 'remove', legend: 'If fewer: the nodes that go', checked: form.all('remove') },
        hint: 'Without a choice those with the highest numbers go.',
        options: nodes.map(({ id }) => [id, id]),
      }),
      textField({
        ...{ name: 'type', label: 'Node type', value: form.get('type'), isRequired: true },
        ...{ hint: TYPE_HINT, offers: typeOffers() },
      }),
      whenField(form, cluster),
    ],
    request: (form) => {
      const type = form.get('type');
      return {
        operation: 'ModifyCacheCluster',
        input: {
          CacheClusterId: cluster.id,
          ...countOf(cluster, form),
          ...(type !== cluster.nodeType && { CacheNodeType: type }),
          ApplyImmediately: isNow(form),
        },
      };
    },
  };
}

/** @throws {ApiError} `InvalidParameterValue` */
function countOf(cluster: ClusterRecord, form: Form) {
  const wanted = numberIn(form, 'nodes');
  const ids = staying(cluster).map(({ id }) => id);
  const fewer = Math.max(0, ids.length - wanted);
  if (fewer === 0) return { NumCacheNodes: wanted };
  const chosen = form.all('remove');
  if (chosen.length !== 0 && chosen.length !== fewer) {
    throw invalidValue(
      `${wanted} instead of ${ids.length} nodes: choose ${fewer} of them to go, or none.`,
    );
  }
  return {
    NumCacheNodes: wanted,
    CacheNodeIdsToRemove: chosen.length === 0 ? ids.slice(-fewer) : chosen,
  };
}
