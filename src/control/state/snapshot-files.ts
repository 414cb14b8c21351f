import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** In the folder of each snapshot. */
const FILE = 'items.snapshot';

/** Where the items of snapshots are. */
export interface SnapshotFiles {
  /** The file of a snapshot, in a folder that exists. */
  pathOf(name: string): string;
  /** @throws if the file of `from` is not there. */
  copy(from: string, to: string): void;
  remove(name: string): void;
}

/** Each snapshot has a folder of its own; others may be below names that begin with a dot. */
export class SnapshotFolder implements SnapshotFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /**
   * Renames the folders of snapshots that the state does not know: it may be an older one, or new.
   * In the others it removes what dumps have left whose process died.
   * @returns the new names
   */
  hideUnknown(known: ReadonlySet<string>): readonly string[] {
    const names = readdirSync(this.#folder).filter((name) => !name.startsWith('.'));
    for (const name of names) if (known.has(name)) this.#removeLeftovers(name);
    return names.filter((name) => !known.has(name)).map((name) => this.#hide(name));
  }

  #hide(name: string): string {
    const plain = `.unknown-${name}`;
    const hidden = existsSync(this.#folderOf(plain)) ? `${plain}-${randomUUID()}` : plain;
    renameSync(this.#folderOf(name), this.#folderOf(hidden));
    return hidden;
  }

  #removeLeftovers(name: string): void {
    for (const file of readdirSync(this.#folderOf(name))) {
      if (file !== FILE) rmSync(join(this.#folderOf(name), file), { recursive: true, force: true });
    }
  }

  pathOf(name: string): string {
    mkdirSync(this.#folderOf(name), { recursive: true, mode: 0o700 });
    return join(this.#folderOf(name), FILE);
  }

  /** A file of a snapshot never changes, so both may be the same one. */
  copy(from: string, to: string): void {
    this.remove(to);
    linkSync(this.pathOf(from), this.pathOf(to));
  }

  remove(name: string): void {
    rmSync(this.#folderOf(name), { recursive: true, force: true });
  }

  #folderOf(name: string): string {
    return join(this.#folder, name);
  }
}
