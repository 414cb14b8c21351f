import { setTimeout as sleep } from 'node:timers/promises';
import { type MembersReply, order, socketIn } from '../../src/cluster/index.ts';
import { waitUntil } from './wait.ts';

const POLL_MS = 100;
/** Several processes start one after the other, on a machine that runs other tests, too. */
const TIMEOUT_MS = 120_000;

/** The members as the supervisor with this folder sees them. */
export async function membersOf(state: string): Promise<MembersReply> {
  for await (const reply of order(socketIn(state), { verb: 'members' })) {
    if (reply.event === 'members') return reply;
  }
  throw new Error(`the supervisor of ${state} has not told its members`);
}

/** Waits until the members are as the test wants them. */
export function untilMembers(
  state: string,
  what: string,
  isSo: (reply: MembersReply) => boolean,
): Promise<MembersReply> {
  let last: MembersReply | undefined;
  const check = async (): Promise<MembersReply | undefined> => {
    last = await membersOf(state);
    if (isSo(last)) return last;
    await sleep(POLL_MS);
    return undefined;
  };
  return waitUntil(what, check, TIMEOUT_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last, null, 1)}`);
  });
}

/** Waits until all members serve, and hold so many items together. */
export const untilWhole = (state: string, items: number): Promise<MembersReply> =>
  untilMembers(
    state,
    `all nodes serve, with ${items} items`,
    ({ members }) =>
      members.every((member) => member.state === 'serving') &&
      members.reduce((sum, member) => sum + (member.items ?? 0), 0) === items,
  );
