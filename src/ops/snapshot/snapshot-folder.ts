import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkWritable, withFile } from './atomic-file.ts';
import type { Place } from './snapshot-place.ts';

/** Where a node keeps the snapshots that it writes by itself. */
export interface SnapshotFolder {
  /** Prepares the folder, and finds out whether the node may use it. */
  open(): Promise<void>;
  /** The whole name of a snapshot, for messages. */
  urlOf(name: string): string;
  placeOf(name: string): Place;
  /** The names of complete snapshots that begin with `start`. */
  names(start: string): Promise<readonly string[]>;
  remove(names: readonly string[]): Promise<void>;
  /** Removes what is left of incomplete snapshots that pass `isOwn`. */
  removeParts(start: string, isOwn: (name: string) => boolean): Promise<void>;
}

const PART = '.part';

/** A folder of this machine. Its methods fail with `ERR_SNAPSHOT_FILE`. */
export class FileFolder implements SnapshotFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    const path = this.#path;
    withFile(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
    checkWritable(this.urlOf('*'));
  }

  urlOf(name: string): string {
    return join(this.#path, name);
  }

  placeOf(name: string): Place {
    return { kind: 'file', file: this.urlOf(name) };
  }

  async names(start: string): Promise<readonly string[]> {
    return this.#all(start).filter((name) => !name.endsWith(PART));
  }

  async remove(names: readonly string[]): Promise<void> {
    withFile(this.#path, () => {
      for (const name of names) rmSync(this.urlOf(name), { force: true });
    });
  }

  async removeParts(start: string, isOwn: (name: string) => boolean): Promise<void> {
    const parts = this.#all(start).filter((name) => name.endsWith(PART));
    await this.remove(parts.filter((name) => isOwn(name.slice(0, -PART.length))));
  }

  #all(start: string): readonly string[] {
    const names = withFile(this.#path, () => readdirSync(this.#path), 'read');
    return names.filter((name) => name.startsWith(start));
  }
}
