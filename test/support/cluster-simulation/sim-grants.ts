import type { Answer } from '../../../src/cluster/grants/gone-members.ts';
import { Grants } from '../../../src/cluster/grants/grants.ts';
import { Votes } from '../../../src/cluster/grants/votes.ts';
import type { NodeCluster } from '../../../src/cluster/node/node-cluster.ts';
import type { ClusterShare } from '../../../src/cluster/thread/cluster-share.ts';
import type { ThreadOrder } from '../../../src/cluster/thread/orders.ts';
import type { Network } from './network.ts';
import type { ProcessOptions } from './process.ts';

interface GrantParts {
  readonly share: ClusterShare;
  readonly machine: Pick<ReturnType<Network['machineOf']>, 'nowMs' | 'setTimer'>;
  readonly cluster: () => NodeCluster;
  readonly order: (order: ThreadOrder) => Promise<readonly unknown[]>;
}

/** The promises of src/cluster/node/open-member.ts, for a simulated process. */
export function simGrants(
  { name, incarnation, grantMs }: ProcessOptions,
  { share, machine, cluster, order }: GrantParts,
): Grants | undefined {
  if (grantMs === undefined) return undefined;
  const ask = async (peer: Pick<ProcessOptions, 'name' | 'incarnation'>) => {
    const { name: of, incarnation: at } = peer;
    const answers = await order({ kind: 'ping', name: of, incarnation: at });
    return answers.find((answer) => answer !== undefined) as Answer | undefined;
  };
  const votes = new Votes({ readsCopies: false });
  const self = { name, incarnation };
  return new Grants(
    self,
    { grantMs, votes },
    {
      ask: (peer, settle) => void ask(peer).then(settle, () => settle(undefined)),
      runningChanged: () => cluster().runningChanged(),
      setAnswersUntil: (ms) => {
        share.mayAnswerUntilMs = ms;
      },
      silenceChanged: () => cluster().silenceChanged(),
      nowMs: machine.nowMs,
      setTimer: machine.setTimer,
    },
  );
}
