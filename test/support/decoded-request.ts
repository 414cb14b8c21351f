import { DIALECT, type Request, VERB } from '../../src/protocol/index.ts';

const NAMES = new Map<number, string>(Object.entries(VERB).map(([name, verb]) => [verb, name]));
const GETS: readonly string[] = ['get', 'getAndTouch'];
const STORES: readonly string[] = ['set', 'add', 'replace', 'append', 'prepend', 'cas'];
const COUNTS: readonly string[] = ['increment', 'decrement'];
const KEYED: readonly string[] = [...GETS, ...STORES, ...COUNTS, 'delete', 'touch', 'configGet']
  .concat('configSet', 'configDelete', 'metaGet', 'metaDelete', 'metaArithmetic', 'metaDebug')
  .concat('saslStart', 'saslStep');
const WITH_BODY: readonly string[] = ['configSet', 'saslStart', 'saslStep'];
const WITH_WORDS: readonly string[] = ['stats', 'watch', 'admin'];

const text = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes).toString('latin1', start, end);
const u64 = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);

function keysOf(request: Request): readonly string[] {
  const keys: string[] = [];
  for (let key = request.firstKey; key < request.endKey; key++) {
    keys.push(JSON.stringify(text(request.keySource, request.keyStart(key), request.keyEnd(key))));
  }
  return keys;
}

/** The facts that only some verbs have, in a fixed order; `false` leaves a fact out. */
function factsOf(request: Request, verb: string): readonly (string | false)[] {
  const { keyBinary, skipLruUpdate, invalidate, dropValue, vivify, hasOwnCas } = request;
  const isMeta = request.dialect === DIALECT.meta && KEYED.includes(verb) && verb !== 'metaDebug';
  const isBinary = request.dialect === DIALECT.binary;
  const stores = STORES.includes(verb);
  const counts = COUNTS.includes(verb) || verb === 'metaArithmetic';
  const creates = counts && vivify;
  const usesCas = stores || verb === 'delete' || counts || isMeta;
  const cas = u64(request.casHigh, request.casLow);
  const hasExptime = /^(getAndTouch|touch|flush)$/.test(verb) || stores;
  return [
    keyBinary && (isMeta || verb === 'metaDebug' || stores || creates) && 'base64',
    (stores || (isMeta && request.clientFlags !== 0) || verb === 'configSet') &&
      `f=${request.clientFlags}`,
    (hasExptime || (isMeta && request.hasExptime)) && `t=${request.exptime}`,
    stores && `bytes=${request.valueBytes}`,
    counts && `delta=${u64(request.deltaHigh, request.deltaLow)}`,
    verb === 'metaArithmetic' && `sign=${request.decrements ? -1 : 1}`,
    verb === 'verbosity' && `level=${request.level}`,
    usesCas && (cas !== 0n || (isMeta && request.hasCas)) && `C=${cas}`,
    (stores || creates || isMeta) && hasOwnCas && `E=${u64(request.ownCasHigh, request.ownCasLow)}`,
    (stores || counts || isMeta) && vivify && `N=${request.vivifyExptime}`,
    creates && `J=${u64(request.initialHigh, request.initialLow)}`,
    isMeta && request.recacheExptime !== 0 && `R=${request.recacheExptime}`,
    GETS.includes(verb) && !isBinary && request.withCas && 'with-cas',
    GETS.includes(verb) && isBinary && request.withKey && 'with-key',
    (GETS.includes(verb) || isMeta) && request.wantsValue && 'value',
    isMeta && skipLruUpdate && 'u',
    (isMeta || stores) && invalidate && 'I',
    isMeta && dropValue && 'x',
  ];
}

/**
 * What a decoded request says, in the fields that its verb uses. Other fields hold values of
 * earlier requests, so a test that compares this text finds a field that the decoder forgot to set.
 */
export function described(request: Request): string {
  const verb = NAMES.get(request.verb) ?? `verb ${request.verb}`;
  const facts: (string | false)[] = [verb];
  if (verb === 'invalid') {
    const isBinary = request.dialect === DIALECT.binary;
    facts.push(isBinary ? `status ${request.errorStatus}` : text(request.errorReply).trimEnd());
  }
  if (KEYED.includes(verb)) facts.push(...keysOf(request));
  if (WITH_WORDS.includes(verb)) facts.push(JSON.stringify(request.words));
  facts.push(...factsOf(request, verb));
  if (WITH_BODY.includes(verb)) {
    facts.push(`body=${JSON.stringify(text(request.input, request.bodyStart, request.bodyEnd))}`);
  }
  if (request.skipBytes !== 0) facts.push(`skip=${request.skipBytes}`);
  if (request.noreply) facts.push('quiet');
  if (request.closeAfterReply) facts.push('close');
  const flags = Array.from({ length: request.flagCount }, (_, i) =>
    text(request.input, request.flagStart(i), request.flagEnd(i)),
  );
  if (request.dialect === DIALECT.meta && flags.length > 0 && verb !== 'invalid') {
    facts.push(`[${flags.join(' ')}]`);
  }
  return facts.filter((fact) => fact !== false).join(' ');
}

/** Fills every field of a request with values that no test expects. */
export function poison(request: Request): void {
  request.input = Buffer.from('poison');
  request.keySource = request.input;
  request.endKey = 0;
  for (let key = 0; key < 3; key++) request.addKey(0, 6);
  request.firstKey = 1;
  request.flagCount = 0;
  request.addFlag(0x50, 0, 6);
  for (const [name, value] of Object.entries(request)) {
    if (typeof value === 'boolean') Object.assign(request, { [name]: true });
    if (typeof value === 'number' && !/Key$|flagCount/.test(name)) {
      Object.assign(request, { [name]: 0x5eed });
    }
  }
  request.errorReply = Buffer.from('POISON\r\n');
  request.words = ['poison'];
}
