import { crc32 } from 'node:zlib';
import { CodedError } from '../../base/index.ts';
import { type BlockHeader, readBlockHeader } from './block-header.ts';
import {
  BLOCK_HEADER_BYTES,
  decompress,
  FACTS_BYTES_MAX,
  FORMAT_VERSION,
  HEADER,
  ID_BYTES,
  MAGIC,
  type SnapshotFacts,
} from './format.ts';
import { InputWindow } from './input-window.ts';
import { type ItemReceiver, PayloadReader } from './payload-reader.ts';
import { headerCrc } from './snapshot-encoder.ts';
import { SnapshotTotals } from './snapshot-totals.ts';

/** Both magics start with it. */
const MAGICS_START = Buffer.from('SL', 'latin1');

/** Takes what a snapshot holds. */
export interface SnapshotReceiver extends ItemReceiver {
  /** The header of the snapshot; not called if it is damaged. */
  facts(facts: SnapshotFacts): void;
}

/**
 * Reads a snapshot, or several in a row, from front to back in pieces of any size. After damage it
 * continues at the next whole block. It never delivers an item whose bytes it has not checked.
 */
export class SnapshotDecoder {
  readonly totals = new SnapshotTotals();
  readonly #receiver: SnapshotReceiver;
  readonly #payloads: PayloadReader;
  readonly #input = new InputWindow();
  #state: 'header' | 'block' | 'lost' = 'header';
  /** The id of the file; undefined while no whole header or block has named it. */
  #id: Buffer | undefined;
  /** The section of the current snapshot. */
  #section = -1;
  #hasBegun = false;

  constructor(receiver: SnapshotReceiver) {
    this.#receiver = receiver;
    this.#payloads = new PayloadReader(receiver);
  }

  /**
   * Reads the next bytes.
   * @throws {CodedError} `ERR_SNAPSHOT` or `ERR_SNAPSHOT_VERSION` before the first item, if the
   *   bytes are no snapshot or one of another version.
   */
  push(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      from += this.#input.add(bytes, from);
      while (this.#step());
    }
  }

  /**
   * Ends the input. The totals are final after it.
   * @throws {CodedError} `ERR_SNAPSHOT` if the bytes are no snapshot.
   */
  end(): void {
    if (!this.#hasBegun && this.#input.length <= HEADER.version + 1) throw noSnapshot();
    while (this.#input.length > 0) {
      // What waits for more bytes is cut or damaged; a whole block may still follow.
      if (this.#state === 'header') this.#damagedHeader();
      this.#skip(1);
      this.#state = 'lost';
      while (this.#step());
    }
    this.#payloads.interrupt();
    this.#noteItems();
    if (this.totals.snapshots === 0) this.totals.begin();
    this.totals.finish();
  }

  /** Reads one thing; false if it needs more bytes. */
  #step(): boolean {
    switch (this.#state) {
      case 'header':
        return this.#readHeader();
      case 'block':
        return this.#readBlock();
      case 'lost':
        return this.#search();
    }
  }

  #readHeader(): boolean {
    const rest = this.#input.rest;
    if (rest.length < HEADER.facts) {
      if (!this.#hasBegun && !startsLikeOne(rest)) throw noSnapshot();
      return false;
    }
    const isSnapshot = startsLikeOne(rest);
    if (!isSnapshot && !this.#hasBegun) throw noSnapshot();
    const version = rest.readUInt16LE(HEADER.version);
    if (isSnapshot && version !== FORMAT_VERSION && !this.#hasBegun) throw wrongVersion(version);
    const end = HEADER.facts + rest.readUInt32LE(HEADER.factsBytes);
    const isSound = isSnapshot && version === FORMAT_VERSION;
    const hasLength = isSound && end <= HEADER.facts + FACTS_BYTES_MAX;
    if (hasLength && rest.length < end) return false;
    const header = rest.subarray(0, end);
    if (hasLength && headerCrc(header) === header.readUInt32LE(HEADER.crc)) {
      this.#beginSnapshot(header);
    } else {
      this.#damagedHeader();
    }
    return true;
  }

  #damagedHeader(): void {
    this.#hasBegun = true;
    this.#id = undefined;
    this.#section = -1;
    this.totals.damagedHeaders++;
    this.#state = 'lost';
  }

  #beginSnapshot(header: Buffer): void {
    this.#hasBegun = true;
    this.#id = idIn(header);
    this.#beginSection(header.readUInt16LE(HEADER.section));
    const facts = factsOf(header.toString('utf8', HEADER.facts));
    if (facts !== undefined) this.#receiver.facts(facts);
    this.#input.skip(header.length);
    this.#state = 'block';
  }

  #readBlock(): boolean {
    const rest = this.#input.rest;
    if (rest.length < BLOCK_HEADER_BYTES) return false;
    const header = readBlockHeader(rest, 0);
    if (header === undefined || !this.#isNext(header)) {
      this.#state = 'lost';
      return true;
    }
    const end = BLOCK_HEADER_BYTES + header.storedBytes;
    this.#id = header.id;
    if (header.section !== this.#section) this.#beginSection(header.section);
    this.totals.sawBlock(header);
    if (rest.length < end) return false;
    if (!this.#readPayload(header, rest.subarray(BLOCK_HEADER_BYTES, end))) return this.#lose();
    this.#input.skip(end);
    this.#state = header.isEnd ? 'header' : 'block';
    return true;
  }

  #beginSection(section: number): void {
    this.#payloads.interrupt();
    this.#noteItems();
    this.#section = section;
    this.totals.begin();
  }

  /** Whether the block belongs to this file, and to no part that was read already. */
  #isNext({ id, section, number }: BlockHeader): boolean {
    if (this.#id !== undefined && !this.#id.equals(id)) return false;
    if (section === this.#section) return number >= this.totals.nextBlock;
    return section > this.#section;
  }

  #readPayload(header: BlockHeader, stored: Buffer): boolean {
    if (crc32(stored) !== header.payloadCrc) return false;
    const payload = decompress(stored, header.compression, header.payloadBytes);
    if (payload === undefined) return false;
    if (header.number !== this.totals.nextBlock) this.#payloads.interrupt();
    if (!this.#payloads.read(header, payload)) return false;
    this.totals.readBlock(header);
    this.#noteItems();
    return true;
  }

  #noteItems(): void {
    this.totals.delivered(this.#payloads.items, this.#payloads.bytes);
  }

  /** The block here is damaged: searches for the next one behind its first byte. */
  #lose(): boolean {
    this.#skip(1);
    this.#state = 'lost';
    return true;
  }

  #skip(bytes: number): void {
    this.#input.skip(bytes);
    this.totals.skippedBytes += bytes;
  }

  #search(): boolean {
    const rest = this.#input.rest;
    const first = rest.indexOf(MAGICS_START);
    this.#skip(first < 0 ? Math.max(0, rest.length - 1) : first);
    if (first < 0 || rest.length - first < BLOCK_HEADER_BYTES) return false;
    if (startsLikeOne(rest.subarray(first))) return this.#tryHeader();
    const header = readBlockHeader(rest, first);
    if (header === undefined || !this.#isNext(header)) this.#skip(1);
    else this.#state = 'block';
    return true;
  }

  /** The next snapshot of this file, if its header is whole; a value may look like one. */
  #tryHeader(): boolean {
    const rest = this.#input.rest;
    const end = HEADER.facts + rest.readUInt32LE(HEADER.factsBytes);
    if (end <= HEADER.facts + FACTS_BYTES_MAX) {
      if (rest.length < end) return false;
      const header = rest.subarray(0, end);
      if (this.#isNextHeader(header)) {
        this.#beginSnapshot(header);
        return true;
      }
    }
    this.#skip(1);
    return true;
  }

  #isNextHeader(header: Buffer): boolean {
    return (
      header.readUInt16LE(HEADER.version) === FORMAT_VERSION &&
      headerCrc(header) === header.readUInt32LE(HEADER.crc) &&
      (this.#id === undefined || this.#id.equals(idIn(header))) &&
      header.readUInt16LE(HEADER.section) > this.#section
    );
  }
}

function idIn(header: Buffer): Buffer {
  return Buffer.from(header.subarray(HEADER.id, HEADER.id + ID_BYTES));
}

function startsLikeOne(bytes: Buffer): boolean {
  return MAGIC.subarray(0, bytes.length).equals(bytes.subarray(0, MAGIC.length));
}

/** The facts in a header; undefined if they are not JSON, which no other reader needs. */
function factsOf(text: string): SnapshotFacts | undefined {
  try {
    return JSON.parse(text) as SnapshotFacts;
  } catch {
    return undefined;
  }
}

function noSnapshot(): CodedError {
  return new CodedError(
    'ERR_SNAPSHOT',
    'This is no snapshot of slabring: it does not start with SLABSNAP. Nothing was restored.',
  );
}

function wrongVersion(version: number): CodedError {
  return new CodedError(
    'ERR_SNAPSHOT_VERSION',
    `This snapshot has format ${version}; this version of slabring reads format ` +
      `${FORMAT_VERSION}. Nothing was restored. Restore it with the version that wrote it.`,
  );
}
