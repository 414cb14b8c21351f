import { spawnSync } from 'node:child_process';
import { CodedError } from '../../base/index.ts';

/**
 * memcached's `-u`: a process of root becomes one of this user, with the user's groups. The user is
 * a name or a number, which need not be the number of a known user. A process of another user stays
 * what it is.
 * @throws {CodedError} `ERR_USER` if there is no such user.
 */
export function assumeUser(user: string): void {
  if (process.getuid?.() !== 0 || user === '') return;
  const { uid, gid, isKnown } = idsOf(user);
  try {
    const own: WithInitgroups = process;
    if (isKnown) own.initgroups?.(user, gid);
    else own.setgroups?.([]);
    own.setgid?.(gid);
    own.setuid?.(uid);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The node cannot become the user ${user} (-u): ${reason}.`;
    throw new CodedError('ERR_USER', message, { cause });
  }
}

/** A method that the types of Node.js lack. */
type WithInitgroups = NodeJS.Process & { initgroups?: (user: string, group: number) => void };

/** A number that is no user's is the number of the user and of the group. */
function idsOf(user: string): { uid: number; gid: number; isKnown: boolean } {
  const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
  if (uid !== undefined && gid !== undefined) return { uid, gid, isKnown: true };
  if (!/^\d{1,9}$/.test(user)) {
    throw new CodedError('ERR_USER', `There is no user ${user}: name another one with -u.`);
  }
  return { uid: Number(user), gid: Number(user), isKnown: false };
}

function idOf(option: '-u' | '-g', user: string): number | undefined {
  const { status, stdout } = spawnSync('id', [option, '--', user], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}
