/**
 * The lines of a log. Each is one JSON object, which the text for people is made of:
 *
 *   {"time":"2026-11-30T12:30:59.123Z","level":"warn","pid":7,"user":"bob","msg":"a login failed"}
 *   2026-11-30T12:30:59.123Z warn  a login failed  user=bob
 */
import { LOG_LEVELS, type LogLevel } from './logger.ts';

/** The characters of one line; a longer line has shorter facts and `"cut":true`. */
export const LINE_CHARACTERS_MAX = 8192;
/** The facts of a line that is too long. */
const FACTS_MAX = 16;
/** The characters of each fact of such a line: the first of these with which it fits. */
const CLIPS = [1024, 256, 64, 16];
const STACK_LINES_MAX = 30;

/** What every line has. */
interface LineHead {
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  readonly level: LogLevel;
  readonly pid?: number;
  /** The node that wrote the line, in the log of `slabring cluster`. */
  readonly node?: string;
  readonly nodePort?: number;
}

/** Facts have other names; those that name a node may stand among the facts. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(['time', 'level', 'pid', 'msg']);

/** Encodes a line. It is valid JSON, has no line break and is bounded, whatever the facts are. */
export function encodeLine(head: LineHead, facts: object, msg: string): string {
  const line = asJson({ ...head, ...named(facts), msg });
  if (line !== undefined && line.length <= LINE_CHARACTERS_MAX) return line;
  for (const clip of CLIPS) {
    const shorter = asJson({
      ...head,
      ...clipped(facts, clip),
      cut: true,
      msg: msg.slice(0, clip),
    });
    if (shorter !== undefined && shorter.length <= LINE_CHARACTERS_MAX) return shorter;
  }
  return asJson({ ...head, cut: true, msg: msg.slice(0, CLIPS.at(-1)) })!;
}

/** A line of now, of this process. */
export function logLine(level: LogLevel, facts: object, msg: string): string {
  return encodeLine({ time: new Date().toISOString(), level, pid: process.pid }, facts, msg);
}

/** The head, the facts and the text of an encoded line; undefined for anything else. */
export function decodeLine(
  line: string,
): { readonly head: LineHead; readonly facts: object; readonly msg: string } | undefined {
  const record = parsed(line);
  if (record === undefined) return undefined;
  const { time, level, pid, node, nodePort, msg, ...facts } = record;
  const known = LOG_LEVELS.find((each) => each === level);
  if (typeof time !== 'string' || typeof msg !== 'string' || known === undefined) return undefined;
  const head = {
    time,
    level: known,
    ...(typeof pid === 'number' && { pid }),
    ...(typeof node === 'string' && { node }),
    ...(typeof nodePort === 'number' && { nodePort }),
  };
  return { head, facts, msg };
}

/** Formats an encoded line for people: one line, and one more for each line of a stack. */
export function textLines(line: string): readonly string[] {
  const decoded = decodeLine(line);
  if (decoded === undefined) return [visible(line)];
  const { head, facts, msg } = decoded;
  const { stack, ...others } = facts as Readonly<Record<string, unknown>>;
  const pairs = Object.entries(others).map(([name, value]) => ` ${name}=${valueText(value)}`);
  const start = `${head.time} ${head.level.padEnd(5)} ${nodeText(head)}`;
  const calls = typeof stack === 'string' ? stack.split('\n').slice(0, STACK_LINES_MAX) : [];
  const first = pairs.length === 0 ? msg : `${msg} ${pairs.join('')}`;
  return [first, ...calls].map((each) => start + visible(each));
}

const nodeText = ({ node, nodePort }: LineHead): string =>
  node === undefined ? '' : `${node}${nodePort === undefined ? '' : `:${nodePort}`} | `;

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return typeof value === 'string' && !/^[^\s"=]+$/.test(text) ? JSON.stringify(text) : text;
}

/** Characters that a terminal would act on, or that change how others read. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Most text has none of them; to find that out by their classes takes longer. */
const UNUSUAL = /[^ -~]/;

/** Escapes the characters that a terminal does not show. */
export function visible(text: string): string {
  return UNUSUAL.test(text) ? text.replaceAll(UNSEEN, escaped) : text;
}

/** An escape of JSON, in which the character may be a pair. */
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');

/** The facts under names that the head does not have. */
function named(facts: object): object {
  const entries = Object.entries(facts);
  if (!entries.some(([name]) => TAKEN_NAMES.has(name))) return facts;
  return Object.fromEntries(
    entries.map(([name, value]) => [TAKEN_NAMES.has(name) ? `${name}_` : name, value]),
  );
}

function clipped(facts: object, charactersMax: number): object {
  const entries = Object.entries(named(facts)).slice(0, FACTS_MAX);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const text = typeof value === 'string' ? value : (asJson(value) ?? String(value));
      return [
        name.slice(0, charactersMax),
        text.length <= charactersMax ? value : text.slice(0, charactersMax),
      ];
    }),
  );
}

/** Undefined for what JSON cannot express, such as a cycle. */
function asJson(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value, plain) as string | undefined;
    return json === undefined ? undefined : visible(json);
  } catch {
    return undefined;
  }
}

const plain = (_name: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? value.message : value;
};

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
