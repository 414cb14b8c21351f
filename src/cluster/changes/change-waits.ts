import { CodedError } from '../../base/index.ts';
import { memberOf, withChangeGivenUp } from '../../topology/index.ts';
import type { LocalMembership } from '../membership/local-membership.ts';
import type { TopologyKeeper } from '../membership/topology-keeper.ts';
import type { ChangeAccount } from './change-account.ts';
import type { MoveStep } from './change-events.ts';
import { ChangeProgress } from './change-progress.ts';

/** A node, as its topology names it. */
interface Named {
  readonly name: string;
}

/** Waits until members have moved items, and tells how far they are. */
export class ChangeWaits {
  readonly #membership: Pick<LocalMembership, 'keeper' | 'expects'>;

  constructor(membership: Pick<LocalMembership, 'keeper' | 'expects'>) {
    this.#membership = membership;
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node stays; then nothing has happened. */
  async left({ name }: Named, account: ChangeAccount, cancelled?: AbortSignal): Promise<void> {
    const state = () => memberOf(this.#keeper.topology, name)?.state;
    const isLeaving = (): boolean => state() === 'leaving' || state() === 'gone';
    try {
      await this.#await({ name }, account, 'gives its items away', () => !isLeaving(), cancelled);
    } catch (error) {
      // Without weight it has given its items away: it is too late to stay.
      const hasWeight = memberOf(this.#keeper.topology, name)?.weight !== 0;
      if (isLeaving() && hasWeight) this.#keeper.change(withChangeGivenUp, `${name} stays`);
      throw error;
    }
    if (state() !== undefined)
      throw changeRefusal(`${name} stays, because its leave was given up.`);
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node ends before it has its items. */
  async serving({ name }: Named, account: ChangeAccount, cancelled?: AbortSignal): Promise<void> {
    const state = () => memberOf(this.#keeper.topology, name)?.state;
    const isSettled = (): boolean =>
      state() === 'serving' || (state() === undefined && !this.#membership.expects(name));
    await this.#await({ name }, account, 'gets its items', isSettled, cancelled);
    if (state() === undefined) throw changeRefusal(`${name} ended before it had its items.`);
  }

  async #await(
    { name }: Named,
    account: ChangeAccount,
    step: MoveStep,
    isDone: () => boolean,
    cancelled?: AbortSignal,
  ): Promise<void> {
    const progress = new ChangeProgress(this.#keeper, (moved) => account.moved(name, step, moved));
    const signals = cancelled === undefined ? [] : [cancelled];
    try {
      await this.#keeper.until(isDone, AbortSignal.any([progress.signal, ...signals]));
    } finally {
      progress.end();
    }
  }

  get #keeper(): TopologyKeeper {
    return this.#membership.keeper!;
  }
}

export function changeRefusal(message: string): CodedError {
  return new CodedError('ERR_CHANGE', message);
}
