/** Which page a path is. */
import { ApiError } from '../api/errors.ts';
import { hotKeysOf } from '../metrics/hot-keys.ts';
import { nodeAddress } from '../model/ports.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { Change } from './changes/change.ts';
import { changeForm, changeStep, type Outcome } from './changes/change-page.ts';
import { createChange } from './changes/create.ts';
import { deleteChange, modifyChange, rebootChange, snapshotChange } from './changes/modify.ts';
import { scaleChange } from './changes/scale.ts';
import { chartsJson } from './charts.ts';
import { alertOf, type Section } from './frame.ts';
import { type Html, html } from './html.ts';
import { noticeOf } from './notices.ts';
import { clusterPage } from './pages/cluster.ts';
import { clustersPage } from './pages/clusters.ts';
import { eventsPage } from './pages/events.ts';
import { changeGroup, createGroup, groupPage, groupsPage } from './pages/parameter-groups.ts';
import { deleteSnapshot, snapshotPage, snapshotsPage } from './pages/snapshots.ts';
import { planFor } from './plans.ts';
import { rangeIn, recent, stepsOf } from './recent.ts';
import { groupsOf } from './ring.ts';
import type { View } from './view.ts';
import { type Form, jsonPage, type WebReply } from './web.ts';

/** A page, a reply that is none, or where the browser goes. */
export type Shown =
  | {
      readonly title: string;
      readonly section?: Section;
      readonly isLive?: boolean;
      readonly isChanging?: boolean;
      readonly hasCharts?: boolean;
      readonly status?: number;
      readonly body: Html;
    }
  | { readonly reply: WebReply }
  | { readonly place: string };

const CHANGES: Readonly<Record<string, (cluster: ClusterRecord) => Change>> = {
  scale: scaleChange,
  modify: modifyChange,
  reboot: rebootChange,
  delete: deleteChange,
  snapshot: snapshotChange,
};

const ID = '([a-z][a-z0-9.-]{0,254})';
const CLUSTER = new RegExp(`^/console/clusters/${ID}$`);
const SERIES = new RegExp(`^/console/clusters/${ID}/series\\.json$`);
const CHANGE = new RegExp(`^/console/clusters/${ID}/(scale|modify|reboot|delete|snapshot)$`);
const GROUP = new RegExp(`^/console/parameter-groups/${ID}$`);
const SNAPSHOT = new RegExp(`^/console/snapshots/${ID}$`);
const NEW = '/console/create';

/**
 * Undefined: there is no such page.
 * @throws {ApiError}
 */
export async function answerGet(view: View, path: string, query: Form): Promise<Shown | undefined> {
  const notice = noticeOf(query.get('done'));
  if (path === '/console/') {
    const body = clustersPage(view, notice);
    return { title: 'Clusters', section: 'clusters', isLive: true, body };
  }
  if (path === '/console/events') {
    return { title: 'Events', section: 'events', isLive: true, body: eventsPage(view, query) };
  }
  if (path === '/console/parameter-groups') {
    return { title: 'Parameter groups', section: 'groups', body: groupsPage(view) };
  }
  if (path === '/console/snapshots') {
    const body = html`${notice}${snapshotsPage(view)}`;
    return { title: 'Snapshots', section: 'snapshots', isLive: true, body };
  }
  const [, snapshot] = SNAPSHOT.exec(path) ?? [];
  if (snapshot !== undefined) {
    return { title: snapshot, section: 'snapshots', body: snapshotPage(view, snapshot) };
  }
  const [, group] = GROUP.exec(path) ?? [];
  if (group !== undefined) {
    return { title: group, section: 'groups', body: groupPage(view, group, notice) };
  }
  return clusterGet(view, path, query);
}

async function clusterGet(view: View, path: string, query: Form): Promise<Shown | undefined> {
  const [, series] = SERIES.exec(path) ?? [];
  if (series !== undefined) {
    const { id } = view.cluster(series);
    const span = stepsOf(view, id, rangeIn(query.get('range')));
    return { reply: jsonPage(chartsJson(span.steps, span)) };
  }
  const changing = changeAt(view, path);
  if (changing !== undefined) {
    return ofChange(changeForm(view, changing.change, changing, query), changing);
  }
  const [, id] = CLUSTER.exec(path) ?? [];
  return id === undefined ? undefined : clusterShown(view, id, query);
}

async function clusterShown(view: View, id: string, query: Form): Promise<Shown> {
  const cluster = view.cluster(id);
  const isChanging = cluster.status !== 'available';
  const [hotKeys, plan] = await Promise.all([
    hotKeysFor(view, cluster),
    isChanging ? planFor(view, cluster) : undefined,
  ]);
  const body = clusterPage(view, {
    ...{ cluster, plan, hotKeys, recent: recent(view, id) },
    ...{ range: rangeIn(query.get('range')), notice: noticeOf(query.get('done')) },
  });
  return { title: id, section: 'clusters', isLive: true, hasCharts: true, isChanging, body };
}

/** They show keys, which not everybody may see who may see the cluster. */
async function hotKeysFor(view: View, cluster: ClusterRecord) {
  if (!view.allows('slabring:DescribeHotKeys', cluster.id)) return undefined;
  const { limits, reader } = view.parts;
  const serving = cluster.nodes.filter(({ status }) => status === 'available');
  const places = serving.map(({ id: node }) => ({
    node,
    address: nodeAddress(cluster, node, limits.host),
  }));
  const inRing = places.map(({ node: id, address }) => ({ id, address }));
  const groups = inRing.length === 0 ? undefined : groupsOf(inRing, cluster.replicas);
  const primaryOf = (key: Buffer): string =>
    places[groups?.groupOf(key, 0, key.length).primary ?? 0]?.node ?? '';
  return hotKeysOf(places, reader(), primaryOf);
}

/**
 * Undefined: no form is sent there.
 * @throws {ApiError}
 */
export async function answerPost(view: View, path: string, form: Form): Promise<Shown | undefined> {
  if (path === '/console/parameter-groups') {
    return orAgain(
      () => createGroup(view, form),
      (error) => ({
        title: 'Parameter groups',
        section: 'groups',
        body: groupsPage(view, error, form),
      }),
    );
  }
  const [, group] = GROUP.exec(path) ?? [];
  if (group !== undefined) {
    return orAgain(
      () => changeGroup(view, group, form),
      (error) => ({
        title: group,
        section: 'groups',
        body: groupPage(view, group, alertOf(error), form),
      }),
    );
  }
  const [, snapshot] = SNAPSHOT.exec(path) ?? [];
  if (snapshot !== undefined) {
    return orAgain(
      () => deleteSnapshot(view, snapshot, form),
      (error) => {
        const body = snapshotPage(view, snapshot, error);
        return { title: snapshot, section: 'snapshots', body };
      },
    );
  }
  const changing = changeAt(view, path);
  if (changing === undefined) return undefined;
  return ofChange(await changeStep(view, changing.change, changing, form), changing);
}

/** After an error the form is there again, with what was typed. */
function orAgain(
  run: () => string,
  again: (error: string) => {
    readonly title: string;
    readonly section: Section;
    readonly body: Html;
  },
): Shown {
  try {
    return { place: run() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ...again(error.message), status: error.status };
  }
}

interface Changing {
  readonly change: Change;
  readonly name: string;
  readonly path: string;
  readonly back: string;
}

function changeAt(view: View, path: string): Changing | undefined {
  if (path === NEW) return { change: createChange, name: 'create', path, back: '/console/' };
  const [, id, name] = CHANGE.exec(path) ?? [];
  if (id === undefined) return undefined;
  const cluster = view.cluster(id);
  return { change: CHANGES[name!]!(cluster), name: name!, path, back: `/console/clusters/${id}` };
}

function ofChange(outcome: Outcome, { name }: Changing): Shown {
  if ('done' in outcome) {
    const page = name === 'delete' ? '/console/' : `/console/clusters/${outcome.done}`;
    return { place: `${page}?done=${name}` };
  }
  return { ...outcome, section: 'clusters' };
}
