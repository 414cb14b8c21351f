import { extname } from 'node:path';
import { CodedError, type Logger } from '../../base/index.ts';
import type { ClusterStart, RunningNode } from '../../node/index.ts';
import type { Answer } from '../grants/gone-members.ts';
import { Grants } from '../grants/grants.ts';
import { Votes } from '../grants/votes.ts';
import type { MemberIdentity } from '../membership/membership.ts';
import { peerMachine } from '../peers/machine.ts';
import type { PeerIdentity } from '../thread/adopted.ts';
import { ClusterShare, hrtimeMs } from '../thread/cluster-share.ts';
import { EcpuShare } from '../thread/ecpu-share.ts';
import type { ThreadNotice, ThreadOrder } from '../thread/orders.ts';
import type { ThreadArgument, ThreadReport } from '../thread/thread-cluster.ts';
import { machineTimers } from '../thread/timers.ts';
import { ClusterDisplay } from './cluster-display.ts';
import { publishTopology } from './cluster-entry.ts';
import { EventJournal } from './event-journal.ts';
import type { FillJob } from './fill-job.ts';
import type { FillOutcome } from './fill-run.ts';
import { joiningView } from './joining-view.ts';
import type { MainCluster } from './main-cluster.ts';
import { NodeCluster } from './node-cluster.ts';

const EXTENSION = extname(import.meta.url);
const THREAD_MODULE = new URL(`../thread/thread-cluster${EXTENSION}`, import.meta.url);
const FILL_MODULE = new URL(`./fill-job${EXTENSION}`, import.meta.url);

interface MemberOptions {
  readonly identity: MemberIdentity;
  /** Where the node listens for other members; port 0: the kernel chooses. */
  readonly peerHost: string;
  readonly peerPort: number;
  /** Whether the nodes of the cluster answer gets by copies of keys of other nodes. */
  readonly readsCopies: boolean;
  /** See `Membership`. */
  readonly grantMs: number | undefined;
  /** Of a proxy that meters what its clients use: what they may use in a second. */
  readonly ecpuPerSecondMax?: number | undefined;
  readonly log: Logger;
  /** This incarnation must end, and its process start again as another one. */
  readonly renew: (reason: string) => void;
}

/** A member of a cluster in two steps: what its node starts with, and the member on the node. */
export interface OpenedMember {
  readonly start: ClusterStart;
  /** The node listens. */
  attach(node: Pick<RunningNode, 'cluster' | 'control' | 'runGuest'>): MainCluster;
  /** A process of a member has ended; `inOrder`: it said itself that it answers no more. */
  ended(member: Pick<MemberIdentity, 'name' | 'incarnation'>, inOrder: boolean): void;
  /** Changes the limit of a proxy that meters. */
  limitEcpu(perSecondMax: number): void;
  /** The node has ended. */
  close(): void;
}

export function openMember(options: MemberOptions): OpenedMember {
  const { identity, peerHost, peerPort, readsCopies, ecpuPerSecondMax } = options;
  const { cluster, name, incarnation, secret } = identity;
  const share = ClusterShare.allocate();
  const argument: ThreadArgument = {
    identity: { cluster, name, incarnation, secret },
    peerHost,
    peerPort,
    readsCopies,
    ecpu: ecpuPerSecondMax === undefined ? undefined : EcpuShare.allocate(ecpuPerSecondMax),
  };
  const attached = Promise.withResolvers<NodeCluster>();
  const shared = new ClusterShare(share);
  let grants: Grants | undefined;
  let display: ClusterDisplay | undefined;
  const told = async (notice: unknown): Promise<unknown> =>
    (await attached.promise).told(notice as ThreadNotice);
  return {
    start: { module: THREAD_MODULE, share, argument, told },
    attach: (node) => {
      grants = grantsOf(node, shared, options, () => member);
      const journal = new EventJournal({ self: identity, log: options.log });
      node.control.showCluster(joiningView(identity));
      display = new ClusterDisplay({
        self: identity,
        journal,
        sampled: () => member.sampled(),
        timers: machineTimers(peerMachine()),
        report: () => member.report(),
        threads: async () => (await node.cluster.report(undefined)) as readonly ThreadReport[],
        show: (view) => node.control.showCluster(view),
      });
      const parts = { share: shared, grants, display, journal };
      const member = nodeClusterOf(node, argument, parts, options);
      attached.resolve(member);
      return member;
    },
    ended: (member, inOrder) => {
      if (inOrder) grants?.left(member);
      grants?.ended(member);
    },
    limitEcpu: (perSecondMax) => {
      if (argument.ecpu !== undefined) new EcpuShare(argument.ecpu).perSecondMax = perSecondMax;
    },
    close: () => {
      grants?.close();
      display?.close();
    },
  };
}

/** Undefined if the membership itself sees the ends of processes. */
function grantsOf(
  { cluster }: Parameters<OpenedMember['attach']>[0],
  share: ClusterShare,
  { identity, grantMs, readsCopies }: MemberOptions,
  member: () => NodeCluster,
): Grants | undefined {
  if (grantMs === undefined) return undefined;
  const ask = async (peer: PeerIdentity): Promise<Answer | undefined> => {
    const order: ThreadOrder = { kind: 'ping', name: peer.name, incarnation: peer.incarnation };
    const answers = (await cluster.adopt(order)) as readonly (Answer | undefined)[];
    return answers.find((answer) => answer !== undefined);
  };
  const options = { grantMs, votes: new Votes({ readsCopies }) };
  return new Grants(identity, options, {
    // An order fails only when the node stops.
    ask: (peer, settle) => void ask(peer).then(settle, () => settle(undefined)),
    setAnswersUntil: (ms) => {
      share.mayAnswerUntilMs = ms;
    },
    silenceChanged: () => member().silenceChanged(),
    runningChanged: () => member().runningChanged(),
    nowMs: hrtimeMs,
    setTimer: peerMachine().setTimer,
  });
}

interface AttachedParts {
  readonly share: ClusterShare;
  readonly grants: Grants | undefined;
  readonly display: ClusterDisplay;
  readonly journal: EventJournal;
}

function nodeClusterOf(
  { cluster, control, runGuest }: Parameters<OpenedMember['attach']>[0],
  argument: ThreadArgument,
  { share, grants, display, journal }: AttachedParts,
  { identity, log, renew }: MemberOptions,
): NodeCluster {
  const store = cluster.store();
  return new NodeCluster({
    self: identity,
    readsCopies: argument.readsCopies,
    peerPort: share.peerPort,
    timers: machineTimers(peerMachine()),
    copies: store.copies(),
    walkKeys: () => store.walkKeys(),
    fastWalk: cluster.fastWalk(),
    order: (order) => cluster.adopt(order),
    soon: (run) => void setImmediate(run),
    runFill: async (order) => {
      try {
        const { identity: from } = argument;
        const threads = (await cluster.adopt({ kind: 'number' })) as readonly number[];
        const job: FillJob = { ...order, identity: from, threads };
        return await runGuest<FillOutcome>(FILL_MODULE, job, 'copies');
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        log.warn({ code: error.code }, `the copying of items has ended: ${error.message}`);
        return 'failed';
      }
    },
    adopted: (topology) => {
      display.adopted(topology);
      if (identity.publishes) publishTopology(control.config, topology, log);
    },
    renew,
    grants,
    journal,
  });
}
