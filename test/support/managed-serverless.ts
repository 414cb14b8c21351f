/** What the operations of serverless caches should answer, and random calls of them. */
import { hiddenName } from '../../src/control/model/serverless-names.ts';
import type { StateFile } from '../../src/control/state/state-file.ts';
import type { Random } from './random.ts';

const CACHES = ['x', 'y'];
const SNAPSHOTS = ['s', 't'];
const GROUPS = ['users', 'none'];
const RESTING = new Set(['available', 'create-failed']);

interface Call {
  readonly operation: string;
  readonly members: string;
  readonly code: string;
}

/** The statuses of caches are those of the state; the model says which ones may follow. */
export class ServerlessModel {
  readonly #caches = new Map<string, string>();

  /** Takes over how far the reconciler is; returns what it may not have done. */
  follow(state: StateFile, isDone: boolean): readonly string[] {
    const faults: string[] = [];
    for (const [name, before] of this.#caches) {
      const now = state.get('serverlesscache', name)?.status;
      if (now === undefined && before !== 'deleting') faults.push(`the cache ${name} is gone`);
      if (before === 'deleting' && now !== undefined && now !== before)
        faults.push(`the cache ${name} is deleted, and became ${now}`);
      if (RESTING.has(before) && now !== before) faults.push(`${name}: ${before} became ${now}`);
      if (isDone && now !== undefined && !RESTING.has(now)) faults.push(`${name} stays ${now}`);
      if (now === undefined) this.#caches.delete(name);
      else this.#caches.set(name, now);
    }
    const hidden = state.list('serverlesscluster').map(({ id }) => id);
    const wanted = [...this.#caches.keys()].map(hiddenName).sort();
    if (hidden.join() !== wanted.join()) faults.push(`there are nodes of ${hidden.join()}`);
    return faults;
  }

  randomCall(random: Random, state: StateFile): Call {
    const makers = [this.#create, this.#modify, this.#delete, this.#take, this.#forget, this.#show];
    return random.pick(makers)(random, state);
  }

  #whyNot(name: string): string | undefined {
    const status = this.#caches.get(name);
    if (status === undefined) return 'ServerlessCacheNotFoundFault';
    return status === 'available' ? undefined : 'InvalidServerlessCacheStateFault';
  }

  readonly #create = (random: Random, state: StateFile): Call => {
    const name = random.pick(CACHES);
    const from = random.oneIn(3) ? random.pick(SNAPSHOTS) : undefined;
    const arn = `arn:aws:elasticache:local:000000000000:serverlesscachesnapshot:${from}`;
    const more = from === undefined ? '' : `&SnapshotArnsToRestore.SnapshotArn.1=${arn}`;
    const members = `ServerlessCacheName=${name}&Engine=memcached${more}`;
    const code = this.#caches.has(name)
      ? 'ServerlessCacheAlreadyExistsFault'
      : from === undefined
        ? '200'
        : sourceCode(from, state);
    if (code === '200') this.#caches.set(name, 'creating');
    return { operation: 'CreateServerlessCache', members, code };
  };

  readonly #modify = (random: Random): Call => {
    const [name, group] = [random.pick(CACHES), random.pick(GROUPS)];
    const more = random.pick([
      '&CacheUsageLimits.ECPUPerSecond.Maximum=5000',
      `&UserGroupId=${group}`,
      '&RemoveUserGroup=true',
      '&Description=other',
    ]);
    const code = this.#whyNot(name) ?? (more.includes('UserGroupId') ? 'UserGroupNotFound' : '200');
    if (code === '200') this.#caches.set(name, 'modifying');
    const members = `ServerlessCacheName=${name}${more}`;
    return { operation: 'ModifyServerlessCache', members, code };
  };

  readonly #delete = (random: Random, state: StateFile): Call => {
    const name = random.pick(CACHES);
    const last = random.oneIn(3) ? random.pick(SNAPSHOTS) : undefined;
    const more = last === undefined ? '' : `&FinalSnapshotName=${last}`;
    const code = this.#deleteCode(name, last, state);
    if (code === '200') this.#caches.set(name, 'deleting');
    return {
      operation: 'DeleteServerlessCache',
      members: `ServerlessCacheName=${name}${more}`,
      code,
    };
  };

  #deleteCode(name: string, last: string | undefined, state: StateFile): string {
    const nodes = state.get('serverlesscluster', hiddenName(name));
    const status = this.#caches.get(name);
    const fails = nodes?.failure !== undefined && status !== 'deleting';
    const isStuck = fails && last === undefined;
    const mayGo = status === 'create-failed' || isStuck;
    const whyNot = mayGo ? undefined : this.#whyNot(name);
    if (whyNot !== undefined) return whyNot;
    if (nodes?.snapshot !== undefined && !isStuck) return 'InvalidServerlessCacheStateFault';
    const isTaken = last !== undefined && state.get('serverlesscachesnapshot', last) !== undefined;
    return isTaken ? 'ServerlessCacheSnapshotAlreadyExistsFault' : '200';
  }

  readonly #take = (random: Random, state: StateFile): Call => {
    const [name, snapshot] = [random.pick(CACHES), random.pick(SNAPSHOTS)];
    const nodes = state.get('serverlesscluster', hiddenName(name));
    const isTaken = state.get('serverlesscachesnapshot', snapshot) !== undefined;
    const isBusy = nodes?.snapshot !== undefined;
    const code =
      this.#whyNot(name) ??
      (isTaken
        ? 'ServerlessCacheSnapshotAlreadyExistsFault'
        : isBusy
          ? 'InvalidServerlessCacheStateFault'
          : '200');
    const members = `ServerlessCacheName=${name}&ServerlessCacheSnapshotName=${snapshot}`;
    return { operation: 'CreateServerlessCacheSnapshot', members, code };
  };

  readonly #forget = (random: Random, state: StateFile): Call => {
    const name = random.pick(SNAPSHOTS);
    const file = hiddenName(name);
    const isUsed = state
      .list('serverlesscluster')
      .some(({ snapshot, restoreFrom }) => snapshot === file || restoreFrom === file);
    const isThere = state.get('serverlesscachesnapshot', name) !== undefined;
    const code = !isThere
      ? 'ServerlessCacheSnapshotNotFoundFault'
      : isUsed
        ? 'InvalidServerlessCacheSnapshotStateFault'
        : '200';
    const members = `ServerlessCacheSnapshotName=${name}`;
    return { operation: 'DeleteServerlessCacheSnapshot', members, code };
  };

  readonly #show = (random: Random): Call => {
    const name = random.pick(CACHES);
    const code = this.#caches.has(name) ? '200' : 'ServerlessCacheNotFoundFault';
    return { operation: 'DescribeServerlessCaches', members: `ServerlessCacheName=${name}`, code };
  };
}

function sourceCode(name: string, state: StateFile): string {
  const status = state.get('serverlesscachesnapshot', name)?.status;
  if (status === undefined) return 'ServerlessCacheSnapshotNotFoundFault';
  return status === 'available' ? '200' : 'InvalidServerlessCacheSnapshotStateFault';
}
