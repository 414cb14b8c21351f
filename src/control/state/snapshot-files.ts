import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
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

/** Each snapshot has a folder of its own, so what a process that died has left goes with it. */
export class SnapshotFolder implements SnapshotFiles {
  readonly #folder: string;

  /** @param known the snapshots that exist; others are removed. */
  constructor(folder: string, known: ReadonlySet<string>) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) if (!known.has(name)) this.remove(name);
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
