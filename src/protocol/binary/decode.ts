/** The binary protocol, requests: bytes in, one Request out (checks as memcached 1.6.18 makes them). */
import { CONFIG_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { DIALECT, type Request, VERB, type Verb } from '../request.ts';
import { HANG_UP, INCOMPLETE } from '../text/classic.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

/** An incr with this expiry does not create what is missing. */
const DO_NOT_CREATE = 0xffff_ffff;
/** The longest SASL mechanism name, and the longest data beside it, in bytes. */
const MECHANISM_BYTES_MAX = 32;
const SASL_DATA_BYTES_MAX = 16 * 1024;

/** What an opcode asks for. */
interface Operation {
  readonly verb: Verb;
  readonly quiet: boolean;
  /** Whether hits and misses show the key. */
  readonly withKey: boolean;
  /** Bytes of extras: exactly these. */
  readonly extras: readonly number[];
  readonly key: 'none' | 'needed' | 'optional';
  /** Whether a value follows the key. */
  readonly hasValue: boolean;
}

const OPERATIONS: (Operation | undefined)[] = Array.from({ length: 256 });
function operation(opcode: number, verb: Verb, what: Partial<Operation> = {}): void {
  const usual = {
    quiet: false,
    withKey: false,
    extras: [0],
    key: 'none',
    hasValue: false,
  } as const;
  OPERATIONS[opcode] = { verb, ...usual, ...what };
}
const KEYED = { key: 'needed' } as const;
const STORING = { key: 'needed', extras: [8], hasValue: true } as const;
const JOINING = { key: 'needed', hasValue: true } as const;
const COUNTING = { key: 'needed', extras: [20] } as const;
const TOUCHING = { key: 'needed', extras: [4] } as const;
const QUIET = { quiet: true } as const;
const WITH_KEY = { withKey: true } as const;
operation(OPCODE.get, VERB.get, KEYED);
operation(OPCODE.getQ, VERB.get, { ...KEYED, ...QUIET });
operation(OPCODE.getK, VERB.get, { ...KEYED, ...WITH_KEY });
operation(OPCODE.getKQ, VERB.get, { ...KEYED, ...WITH_KEY, ...QUIET });
operation(OPCODE.touch, VERB.getAndTouch, TOUCHING);
operation(OPCODE.gat, VERB.getAndTouch, TOUCHING);
operation(OPCODE.gatQ, VERB.getAndTouch, { ...TOUCHING, ...QUIET });
operation(OPCODE.gatK, VERB.getAndTouch, { ...TOUCHING, ...WITH_KEY });
operation(OPCODE.gatKQ, VERB.getAndTouch, { ...TOUCHING, ...WITH_KEY, ...QUIET });
operation(OPCODE.set, VERB.set, STORING);
operation(OPCODE.setQ, VERB.set, { ...STORING, ...QUIET });
operation(OPCODE.add, VERB.add, STORING);
operation(OPCODE.addQ, VERB.add, { ...STORING, ...QUIET });
operation(OPCODE.replace, VERB.replace, STORING);
operation(OPCODE.replaceQ, VERB.replace, { ...STORING, ...QUIET });
operation(OPCODE.append, VERB.append, JOINING);
operation(OPCODE.appendQ, VERB.append, { ...JOINING, ...QUIET });
operation(OPCODE.prepend, VERB.prepend, JOINING);
operation(OPCODE.prependQ, VERB.prepend, { ...JOINING, ...QUIET });
operation(OPCODE.delete, VERB.delete, KEYED);
operation(OPCODE.deleteQ, VERB.delete, { ...KEYED, ...QUIET });
operation(OPCODE.increment, VERB.increment, COUNTING);
operation(OPCODE.incrementQ, VERB.increment, { ...COUNTING, ...QUIET });
operation(OPCODE.decrement, VERB.decrement, COUNTING);
operation(OPCODE.decrementQ, VERB.decrement, { ...COUNTING, ...QUIET });
operation(OPCODE.flush, VERB.flush, { extras: [0, 4] });
operation(OPCODE.flushQ, VERB.flush, { extras: [0, 4], ...QUIET });
operation(OPCODE.quit, VERB.quit);
operation(OPCODE.quitQ, VERB.quit, QUIET);
operation(OPCODE.noop, VERB.noop);
operation(OPCODE.version, VERB.version);
operation(OPCODE.stat, VERB.stats, { key: 'optional', hasValue: true });
operation(OPCODE.verbosity, VERB.verbosity, { extras: [4] });
operation(OPCODE.saslMechanisms, VERB.saslMechanisms);
operation(OPCODE.saslStart, VERB.saslStart, JOINING);
operation(OPCODE.saslStep, VERB.saslStep, JOINING);
const CONFIGURING = { key: 'needed', extras: [4], hasValue: true } as const;
operation(OPCODE.configGet, VERB.configGet, KEYED);
operation(OPCODE.configGetQ, VERB.configGet, { ...KEYED, ...QUIET });
operation(OPCODE.configGetK, VERB.configGet, { ...KEYED, ...WITH_KEY });
operation(OPCODE.configGetKQ, VERB.configGet, { ...KEYED, ...WITH_KEY, ...QUIET });
operation(OPCODE.configSet, VERB.configSet, CONFIGURING);
operation(OPCODE.configSetQ, VERB.configSet, { ...CONFIGURING, ...QUIET });
operation(OPCODE.configDelete, VERB.configDelete, KEYED);
operation(OPCODE.configDeleteQ, VERB.configDelete, { ...KEYED, ...QUIET });
operation(OPCODE.configList, VERB.configList);

/** Whether a connection whose first byte is this one speaks the binary protocol. */
export function isBinary(firstByte: number): boolean {
  return firstByte === MAGIC.request;
}

/**
 * Decodes one packet of `input[start, end)` into `request`. Returns how many bytes it took (the
 * value of a storage request comes after), INCOMPLETE or HANG_UP.
 */
export class BinaryDecoder {
  /** Of the packet at hand. */
  #keyBytes = 0;
  #extraBytes = 0;
  #bodyBytes = 0;

  decode(input: Buffer, start: number, end: number, request: Request): number {
    if (start < end && input[start] !== MAGIC.request) return HANG_UP;
    if (end - start < HEADER_BYTES) return INCOMPLETE;
    this.#readHeader(input, start, request);
    const operation = OPERATIONS[request.opcode];
    if (this.#keyBytes + this.#extraBytes > this.#bodyBytes) {
      return this.#refuseAndClose(request, BINARY_STATUS.unknownCommand);
    }
    if (this.#keyBytes > KEY_BYTES_MAX) {
      return this.#refuseAndClose(request, BINARY_STATUS.invalidArguments);
    }
    if (operation === undefined) {
      refuse(request, BINARY_STATUS.unknownCommand, this.#bodyBytes);
      return HEADER_BYTES;
    }
    if (!this.#isWellFormed(operation)) {
      return this.#refuseAndClose(request, BINARY_STATUS.invalidArguments);
    }
    const headBytes = HEADER_BYTES + this.#extraBytes + this.#keyBytes;
    if (end - start < headBytes) return INCOMPLETE;
    return this.#decodeOperation(input, start, end, request, operation);
  }

  #readHeader(input: Buffer, start: number, request: Request): void {
    request.dialect = DIALECT.binary;
    request.input = input;
    request.keySource = input;
    request.swallowBytes = 0;
    request.thenClose = false;
    request.opcode = input[start + 1]!;
    this.#keyBytes = input.readUInt16BE(start + 2);
    this.#extraBytes = input[start + 4]!;
    this.#bodyBytes = input.readUInt32BE(start + 8);
    request.opaque = input.readUInt32BE(start + 12);
    request.casHigh = input.readUInt32BE(start + 16);
    request.casLow = input.readUInt32BE(start + 20);
  }

  #isWellFormed({ key, extras, hasValue }: Operation): boolean {
    const keyBytes = this.#keyBytes;
    if (!extras.includes(this.#extraBytes)) return false;
    if (key === 'none' ? keyBytes !== 0 : key === 'needed' && keyBytes === 0) return false;
    return hasValue || this.#bodyBytes === keyBytes + this.#extraBytes;
  }

  #decodeOperation(
    input: Buffer,
    start: number,
    end: number,
    request: Request,
    { verb, quiet, withKey, hasValue }: Operation,
  ): number {
    const extrasAt = start + HEADER_BYTES;
    const keyAt = extrasAt + this.#extraBytes;
    const valueBytes = this.#bodyBytes - this.#extraBytes - this.#keyBytes;
    request.verb = verb;
    request.noreply = quiet;
    request.withKey = withKey;
    request.firstKey = 0;
    request.keys = 0;
    request.addKey(keyAt, keyAt + this.#keyBytes);
    const headBytes = keyAt + this.#keyBytes - start;
    if (verb >= VERB.set && verb <= VERB.cas) {
      this.#readStorage(input, extrasAt, request, valueBytes);
      return headBytes;
    }
    if (hasValue) return this.#readBody(input, start, end, request, headBytes, valueBytes);
    this.#readExtras(input, extrasAt, request);
    return headBytes;
  }

  #readStorage(input: Buffer, extrasAt: number, request: Request, valueBytes: number): void {
    const joins = request.verb === VERB.append || request.verb === VERB.prepend;
    request.clientFlags = joins ? 0 : input.readUInt32BE(extrasAt);
    request.exptime = joins ? 0 : input.readUInt32BE(extrasAt + 4);
    request.valueBytes = valueBytes;
    request.keyBinary = false;
    request.hasOwnCas = false;
    request.vivify = false;
    request.invalidate = false;
    // Also an add: with a CAS id it stores over the item that carries it.
    const compares = request.casHigh !== 0 || request.casLow !== 0;
    if (compares && !joins) request.verb = VERB.cas;
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

  /** A body that is taken as a whole: what SASL has to say, or what nobody asked for. */
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
      request.swallowBytes = valueBytes;
      return headBytes;
    }
    if (request.verb === VERB.configSet) {
      request.clientFlags = input.readUInt32BE(start + HEADER_BYTES);
      if (valueBytes > CONFIG_BYTES_MAX) {
        refuse(request, BINARY_STATUS.tooLarge, valueBytes);
        return headBytes;
      }
    } else if (this.#keyBytes > MECHANISM_BYTES_MAX || valueBytes > SASL_DATA_BYTES_MAX) {
      refuse(request, BINARY_STATUS.invalidArguments, valueBytes);
      return headBytes;
    }
    if (end - start < headBytes + valueBytes) return INCOMPLETE;
    request.bodyStart = start + headBytes;
    request.bodyEnd = request.bodyStart + valueBytes;
    return headBytes + valueBytes;
  }

  #refuseAndClose(request: Request, status: number): number {
    refuse(request, status, 0);
    request.thenClose = true;
    return HEADER_BYTES;
  }
}

function refuse(request: Request, status: number, swallowBytes: number): void {
  request.verb = VERB.refused;
  request.refusalStatus = status;
  request.noreply = false;
  request.swallowBytes = swallowBytes;
}
