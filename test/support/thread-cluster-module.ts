import { CodedError } from '../../src/base/index.ts';
import type { ThreadCluster, ThreadClusterHost } from '../../src/node/threads/thread-cluster.ts';
import { DIALECT } from '../../src/protocol/index.ts';
import { PLACE } from '../../src/server/session/cluster-seat.ts';

/** The words of the memory that the threads share. */
export const WORD = { started: 0, ended: 1 } as const;

/** A cluster of one node, which all keys are at. */
export default function create(host: ThreadClusterHost, argument: unknown): ThreadCluster {
  const words = new Int32Array(host.share);
  const adopted: unknown[] = [argument];
  const seat = {
    version: 1,
    fast: 'off',
    locate: () => PLACE.here,
    settled: () => Promise.resolve(),
    forward: () => {},
    holdsCopy: () => false,
    changing: () => {},
    read: () => {},
    changedFast: () => {},
    changed: () => {},
    hasChanges: false,
    seal: () => false,
    mayAnswer: () => true,
    flushAll: () => {},
  } as const;
  const peers = host.peerSession(seat);
  return {
    seat,
    start: async () => {
      Atomics.add(words, WORD.started, 1);
      adopted.push(await host.tell(`thread ${host.thread} of ${host.threads} starts`));
    },
    adopt: (topology) => {
      if (topology === 'bad') throw new CodedError('ERR_TOPOLOGY', 'The topology is bad.');
      adopted.push(topology);
      return host.thread;
    },
    report: (line) => {
      const reply = peers.answer(DIALECT.classic, 'admin', Buffer.from(String(line)));
      return { adopted, reply: reply.toString('latin1') };
    },
    end: async () => {
      Atomics.add(words, WORD.ended, 1);
      await host.tell(`thread ${host.thread} ends`);
    },
  };
}
