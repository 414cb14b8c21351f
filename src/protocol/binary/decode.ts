/** Decodes requests of the binary protocol, with the checks that memcached 1.6.18 makes. */
import { CLOSE, INCOMPLETE } from '../decoded.ts';
import { CONFIG_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { DIALECT, isStorage, type Request, VERB, type Verb } from '../request.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

/** An incr or decr with this exptime does not create a missing counter. */
const DO_NOT_CREATE = 0xffff_ffff;
/** The longest name of a SASL mechanism, and the longest SASL data. */
const MECHANISM_BYTES_MAX = 32;
const SASL_DATA_BYTES_MAX = 16 * 1024;

/** What an opcode means, and which packets it allows. */
interface OpcodeRule {
  readonly verb: Verb;
  readonly quiet: boolean;
  /** Whether hits and misses show the key. */
  readonly withKey: boolean;
  /** The allowed lengths of the extras, in bytes. */
  readonly extras: readonly number[];
  readonly key: 'none' | 'needed' | 'optional';
  /** Whether a value follows the key. */
  readonly hasValue: boolean;
}

const OPCODE_RULES: (OpcodeRule | undefined)[] = Array.from({ length: 256 });
function define(opcode: number, verb: Verb, overrides: Partial<OpcodeRule> = {}): void {
  const defaults = {
    quiet: false,
    withKey: false,
    extras: [0],
    key: 'none',
    hasValue: false,
  } as const;
  OPCODE_RULES[opcode] = { verb, ...defaults, ...overrides };
}
const KEYED = { key: 'needed' } as const;
const STORING = { key: 'needed', extras: [8], hasValue: true } as const;
const CONCATENATING = { key: 'needed', hasValue: true } as const;
const COUNTING = { key: 'needed', extras: [20] } as const;
const TOUCHING = { key: 'needed', extras: [4] } as const;
const QUIET = { quiet: true } as const;
const WITH_KEY = { withKey: true } as const;
define(OPCODE.get, VERB.get, KEYED);
define(OPCODE.getQ, VERB.get, { ...KEYED, ...QUIET });
define(OPCODE.getK, VERB.get, { ...KEYED, ...WITH_KEY });
define(OPCODE.getKQ, VERB.get, { ...KEYED, ...WITH_KEY, ...QUIET });
define(OPCODE.touch, VERB.getAndTouch, TOUCHING);
define(OPCODE.gat, VERB.getAndTouch, TOUCHING);
define(OPCODE.gatQ, VERB.getAndTouch, { ...TOUCHING, ...QUIET });
define(OPCODE.gatK, VERB.getAndTouch, { ...TOUCHING, ...WITH_KEY });
define(OPCODE.gatKQ, VERB.getAndTouch, { ...TOUCHING, ...WITH_KEY, ...QUIET });
define(OPCODE.set, VERB.set, STORING);
define(OPCODE.setQ, VERB.set, { ...STORING, ...QUIET });
define(OPCODE.add, VERB.add, STORING);
define(OPCODE.addQ, VERB.add, { ...STORING, ...QUIET });
define(OPCODE.replace, VERB.replace, STORING);
define(OPCODE.replaceQ, VERB.replace, { ...STORING, ...QUIET });
define(OPCODE.append, VERB.append, CONCATENATING);
define(OPCODE.appendQ, VERB.append, { ...CONCATENATING, ...QUIET });
define(OPCODE.prepend, VERB.prepend, CONCATENATING);
define(OPCODE.prependQ, VERB.prepend, { ...CONCATENATING, ...QUIET });
define(OPCODE.delete, VERB.delete, KEYED);
define(OPCODE.deleteQ, VERB.delete, { ...KEYED, ...QUIET });
define(OPCODE.increment, VERB.increment, COUNTING);
define(OPCODE.incrementQ, VERB.increment, { ...COUNTING, ...QUIET });
define(OPCODE.decrement, VERB.decrement, COUNTING);
define(OPCODE.decrementQ, VERB.decrement, { ...COUNTING, ...QUIET });
define(OPCODE.flush, VERB.flush, { extras: [0, 4] });
define(OPCODE.flushQ, VERB.flush, { extras: [0, 4], ...QUIET });
define(OPCODE.quit, VERB.quit);
define(OPCODE.quitQ, VERB.quit, QUIET);
define(OPCODE.noop, VERB.noop);
define(OPCODE.version, VERB.version);
define(OPCODE.stat, VERB.stats, { key: 'optional', hasValue: true });
define(OPCODE.verbosity, VERB.verbosity, { extras: [4] });
define(OPCODE.saslMechanisms, VERB.saslMechanisms);
define(OPCODE.saslStart, VERB.saslStart, CONCATENATING);
define(OPCODE.saslStep, VERB.saslStep, CONCATENATING);
const CONFIGURING = { key: 'needed', extras: [4], hasValue: true } as const;
define(OPCODE.configGet, VERB.configGet, KEYED);
define(OPCODE.configGetQ, VERB.configGet, { ...KEYED, ...QUIET });
define(OPCODE.configGetK, VERB.configGet, { ...KEYED, ...WITH_KEY });
define(OPCODE.configGetKQ, VERB.configGet, { ...KEYED, ...WITH_KEY, ...QUIET });
define(OPCODE.configSet, VERB.configSet, CONFIGURING);
define(OPCODE.configSetQ, VERB.configSet, { ...CONFIGURING, ...QUIET });
define(OPCODE.configDelete, VERB.configDelete, KEYED);
define(OPCODE.configDeleteQ, VERB.configDelete, { ...KEYED, ...QUIET });
define(OPCODE.configList, VERB.configList);

/** Whether a connection with this first byte speaks the binary protocol. */
export function isBinary(firstByte: number): boolean {
  return firstByte === MAGIC.request;
}

/**
 * Decodes one packet of `input[start, end)` into `request`. Returns the number of bytes that it
 * consumed (the value of a storage request follows them), INCOMPLETE or CLOSE.
 */
export class BinaryDecoder {
  /** The lengths in the header of the packet in `decode`. */
  #keyBytes = 0;
  #extraBytes = 0;
  #bodyBytes = 0;

  decode(input: Buffer, start: number, end: number, request: Request): number {
    if (start < end && input[start] !== MAGIC.request) return CLOSE;
    if (end - start < HEADER_BYTES) return INCOMPLETE;
    this.#readHeader(input, start, request);
    const rule = OPCODE_RULES[request.opcode];
    if (this.#keyBytes + this.#extraBytes > this.#bodyBytes) {
      return this.#rejectAndClose(request, BINARY_STATUS.unknownCommand);
    }
    if (this.#keyBytes > KEY_BYTES_MAX) {
      return this.#rejectAndClose(request, BINARY_STATUS.invalidArguments);
    }
    if (rule === undefined) {
      reject(request, BINARY_STATUS.unknownCommand, this.#bodyBytes);
      return HEADER_BYTES;
    }
    if (!this.#isWellFormed(rule)) {
      return this.#rejectAndClose(request, BINARY_STATUS.invalidArguments);
    }
    const headBytes = HEADER_BYTES + this.#extraBytes + this.#keyBytes;
    if (end - start < headBytes) return INCOMPLETE;
    return this.#decodePacket(input, start, end, request, rule);
  }

  #readHeader(input: Buffer, start: number, request: Request): void {
    request.dialect = DIALECT.binary;
    request.input = input;
    request.keySource = input;
    request.skipBytes = 0;
    request.closeAfterReply = false;
    request.opcode = input[start + 1]!;
    this.#keyBytes = input.readUInt16BE(start + 2);
    this.#extraBytes = input[start + 4]!;
    this.#bodyBytes = input.readUInt32BE(start + 8);
    request.opaque = input.readUInt32BE(start + 12);
    request.casHigh = input.readUInt32BE(start + 16);
    request.casLow = input.readUInt32BE(start + 20);
  }

  #isWellFormed({ key, extras, hasValue }: OpcodeRule): boolean {
    const keyBytes = this.#keyBytes;
    if (!extras.includes(this.#extraBytes)) return false;
    if (key === 'none' ? keyBytes !== 0 : key === 'needed' && keyBytes === 0) return false;
    return hasValue || this.#bodyBytes === keyBytes + this.#extraBytes;
  }

  #decodePacket(
    input: Buffer,
    start: number,
    end: number,
    request: Request,
    { verb, quiet, withKey, hasValue }: OpcodeRule,
  ): number {
    const extrasAt = start + HEADER_BYTES;
    const keyAt = extrasAt + this.#extraBytes;
    const valueBytes = this.#bodyBytes - this.#extraBytes - this.#keyBytes;
    request.verb = verb;
    request.noreply = quiet;
    request.withKey = withKey;
    request.firstKey = 0;
    request.endKey = 0;
    request.addKey(keyAt, keyAt + this.#keyBytes);
    const headBytes = keyAt + this.#keyBytes - start;
    if (isStorage(verb)) {
      this.#readStorage(input, extrasAt, request, valueBytes);
      return headBytes;
    }
    if (hasValue) return this.#readBody(input, start, end, request, headBytes, valueBytes);
    this.#readExtras(input, extrasAt, request);
    return headBytes;
  }

  #readStorage(input: Buffer, extrasAt: number, request: Request, valueBytes: number): void {
    const concatenates = request.verb === VERB.append || request.verb === VERB.prepend;
    request.clientFlags = concatenates ? 0 : input.readUInt32BE(extrasAt);
    request.exptime = concatenates ? 0 : input.readUInt32BE(extrasAt + 4);
    request.valueBytes = valueBytes;
    request.keyBinary = false;
    request.hasOwnCas = false;
    request.vivify = false;
    request.invalidate = false;
    // Also an add: with a CAS id it overwrites the item that has this CAS id.
    const compares = request.casHigh !== 0 || request.casLow !== 0;
    if (compares && !concatenates) request.verb = VERB.cas;
  }

  #readExtras(input: Buffer, at: number, request: Request): void {
    switch (request.verb) {
      case VERB.get:
      case VERB.getAndTouch:
        request.wantsValue = request.opcode !== OPCODE.touch;
        if (request.verb === VERB.getAndTouch) request.exptime = input.readUInt32BE(at);
        break;
      case VERB.increment:
      case VERB.decrement:
        this.#readCounter(input, at, request);
        break;
      case VERB.flush:
        request.exptime = this.#extraBytes === 0 ? 0 : input.readUInt32BE(at);
        break;
      case VERB.verbosity:
        request.level = input.readUInt32BE(at);
    }
  }

  #readCounter(input: Buffer, at: number, request: Request): void {
    request.deltaHigh = input.readUInt32BE(at);
    request.deltaLow = input.readUInt32BE(at + 4);
    request.initialHigh = input.readUInt32BE(at + 8);
    request.initialLow = input.readUInt32BE(at + 12);
    request.vivifyExptime = input.readUInt32BE(at + 16);
    request.vivify = request.vivifyExptime !== DO_NOT_CREATE;
    request.keyBinary = false;
    request.hasOwnCas = false;
  }

  /**
   * Decodes a packet with a value that is no storage request: SASL and config requests wait for
   * their whole body, `stats` skips its value.
   */
  #readBody(
    input: Buffer,
    start: number,
    end: number,
    request: Request,
    headBytes: number,
    valueBytes: number,
  ): number {
    if (request.verb === VERB.stats) {
      const words = input.toString('latin1', request.keyStart(0), request.keyEnd(0));
      request.words = words.split(' ').filter((word) => word !== '');
      request.skipBytes = valueBytes;
      return headBytes;
    }
    if (request.verb === VERB.configSet) {
      request.clientFlags = input.readUInt32BE(start + HEADER_BYTES);
      if (valueBytes > CONFIG_BYTES_MAX) {
        reject(request, BINARY_STATUS.tooLarge, valueBytes);
        return headBytes;
      }
    } else if (this.#keyBytes > MECHANISM_BYTES_MAX || valueBytes > SASL_DATA_BYTES_MAX) {
      reject(request, BINARY_STATUS.invalidArguments, valueBytes);
      return headBytes;
    }
    if (end - start < headBytes + valueBytes) return INCOMPLETE;
    request.bodyStart = start + headBytes;
    request.bodyEnd = request.bodyStart + valueBytes;
    return headBytes + valueBytes;
  }

  #rejectAndClose(request: Request, status: number): number {
    reject(request, status, 0);
    request.closeAfterReply = true;
    return HEADER_BYTES;
  }
}

function reject(request: Request, status: number, skipBytes: number): void {
  request.verb = VERB.invalid;
  request.errorStatus = status;
  request.noreply = false;
  request.skipBytes = skipBytes;
}
