import type { CacheError } from '../errors.ts';
import type { Copier } from './copier.ts';
import type { Era } from './era.ts';
import type { Member } from './member.ts';

/** The nodes that hold the same keys, the owner first. */
export class CopySet {
  readonly members: readonly Member[];
  readonly copier: Copier;
  readonly era: Era;
  readonly #failed: (node: string, error: CacheError) => void;

  constructor(
    members: readonly Member[],
    copier: Copier,
    era: Era,
    failed: (node: string, error: CacheError) => void,
  ) {
    this.members = members;
    this.copier = copier;
    this.era = era;
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

  /**
   * What these have under the key is out of date, or may be; so is what others are copying of it.
   */
  forget(key: string, members: readonly Member[] = this.members): void {
    this.copier.overtaking.written(key);
    for (const member of members) member.forget(key);
  }

  /** A write of the key failed here, though not everywhere: it is told, and made up for. */
  missed(member: Member, key: string, error: CacheError): void {
    this.forget(key, [member]);
    this.tellFailed(member, error);
  }

  tellFailed(member: Member, error: CacheError): void {
    this.#failed(member.name, error);
  }
}
