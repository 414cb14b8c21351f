import { NodeMemory } from '../memory.ts';
import type { ServeJob } from './procedures.ts';
import { loadThreadCluster } from './thread-cluster.ts';
import { WorkerThread } from './worker-thread.ts';

/** The job `serve`: serves connections until the node stops and the last of them has closed. */
export default async function serve({ share, thread, ...start }: ServeJob): Promise<void> {
  const memory = NodeMemory.open(share, thread);
  const openCluster = start.cluster && (await loadThreadCluster(start.cluster));
  const worker = new WorkerThread(memory, thread, start, openCluster);
  await memory.state.stopRequested();
  await worker.end();
}
