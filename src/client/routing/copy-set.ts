import type { CacheError } from '../errors.ts';
import type { Copier } from './copier.ts';
import type { Member } from './member.ts';

/** The nodes that hold the same keys, the owner first. */
export class CopySet {
  readonly members: readonly Member[];
  readonly copier: Copier;
  readonly #failed: (node: string, error: CacheError) => void;

  constructor(
    members: readonly Member[],
    copier: Copier,
    failed: (node: string, error: CacheError) => void,
  ) {
    this.members = members;
    this.copier = copier;
    this.#failed = failed;
  }

  /** The copies that are up and have missed no write of the key; all of them when there is none. */
  upToDate(key: string): readonly Member[] {
    const good = this.members.filter((member) => !member.isDown && !member.hasForgotten(key));
    return good.length === 0 ? this.members : good;
  }

  /** The copies but one. */
  but(member: Member): readonly Member[] {
    return this.members.filter((each) => each !== member);
  }

  /** A write of the key failed here, though not everywhere: it is told, and made up for. */
  missed(member: Member, key: string, error: CacheError): void {
    member.forget(key);
    this.#failed(member.name, error);
  }
}
