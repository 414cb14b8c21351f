import {
  type Compression,
  newSnapshotItem,
  type SectionName,
  type SnapshotFacts,
  type SnapshotItem,
} from '../../src/ops/snapshot/format.ts';
import { SnapshotDecoder, type SnapshotReceiver } from '../../src/ops/snapshot/snapshot-decoder.ts';
import { SnapshotEncoder } from '../../src/ops/snapshot/snapshot-encoder.ts';

/** An item of a snapshot, as a test describes it. */
export interface TestItem extends Partial<SnapshotItem> {
  readonly key: string;
  readonly value: Buffer;
}

export const TEST_FACTS: SnapshotFacts = {
  created: 1_700_000_000,
  program: '0.0.0',
  node: 'a',
  items: 3,
  lastCas: 8,
  options: {},
};

/** Encodes items; a block ends after each group of them. */
export function encodeSnapshot(
  groups: readonly (readonly TestItem[])[],
  compression: Compression = 'none',
  name?: SectionName,
): Buffer {
  const pieces: Buffer[] = [];
  const write = (bytes: Buffer) => void pieces.push(Buffer.from(bytes));
  const encoder = new SnapshotEncoder(write, TEST_FACTS, compression, name);
  for (const group of groups) {
    for (const { key, value, ...facts } of group) {
      const source = Buffer.concat([Buffer.from(key, 'latin1'), value]);
      const sizes = { keyBytes: key.length, valueBytes: value.length };
      encoder.beginItem({ ...newSnapshotItem(), ...facts, ...sizes }, source, 0);
      encoder.addPiece(source, key.length, source.length);
    }
    encoder.flush();
  }
  encoder.finish();
  return Buffer.concat(pieces);
}

/** Collects the items of a snapshot: by key, the facts and the value as text. */
export class CollectingReceiver implements SnapshotReceiver {
  readonly items = new Map<string, string>();
  readonly headers: SnapshotFacts[] = [];
  #open: { key: string; facts: SnapshotItem; pieces: Buffer[] } | undefined;

  facts(facts: SnapshotFacts): void {
    this.headers.push(facts);
  }

  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void {
    const value = bytes.subarray(valueAt, valueAt + item.valueBytes);
    this.#add(bytes.toString('latin1', keyAt, keyAt + item.keyBytes), item, value);
  }

  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void {
    const key = bytes.toString('latin1', keyAt, keyAt + item.keyBytes);
    this.#open = { key, facts: { ...item }, pieces: [] };
  }

  piece(bytes: Buffer, start: number, end: number): void {
    this.#open!.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  commit(): void {
    const { key, facts, pieces } = this.#open!;
    this.#add(key, facts, Buffer.concat(pieces));
    this.#open = undefined;
  }

  drop(): void {
    this.#open = undefined;
  }

  #add(key: string, facts: SnapshotItem, value: Buffer): void {
    if (this.items.has(key)) throw new Error(`the item ${key} came twice`);
    this.items.set(key, itemText(facts, value));
  }
}

const itemText = (facts: SnapshotItem, value: Buffer): string =>
  `${JSON.stringify({ ...facts })} ${value.toString('latin1')}`;

/** What a reader must deliver for these items. */
export function expectedItems(items: readonly TestItem[]): Map<string, string> {
  return new Map(
    items.map(({ key, value, ...facts }) => {
      const sizes = { keyBytes: key.length, valueBytes: value.length };
      return [key, itemText({ ...newSnapshotItem(), ...facts, ...sizes }, value)];
    }),
  );
}

/** Decodes bytes that come in pieces of `pieceBytes`. */
export function decodeSnapshot(bytes: Buffer, pieceBytes = bytes.length || 1) {
  const receiver = new CollectingReceiver();
  const decoder = new SnapshotDecoder(receiver);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    decoder.push(bytes.subarray(at, at + pieceBytes));
  }
  decoder.end();
  return { ...receiver, totals: decoder.totals };
}
