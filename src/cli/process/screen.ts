import { stripVTControlCharacters } from 'node:util';

/** What a user does on a live view. */
export interface ScreenEvents {
  readonly key: (key: string) => void;
  readonly resize: () => void;
}

const ESC = '\u001b';
/** The other screen buffer, without a cursor: the end brings back what the user saw before. */
const ENTER = `${ESC}[?1049h${ESC}[?25l`;
const LEAVE = `${ESC}[?25h${ESC}[?1049l`;
const HOME = `${ESC}[H`;
const CLEAR_REST_OF_LINE = `${ESC}[K`;
const CLEAR_BELOW = `${ESC}[J`;
const SIZE_DEFAULT = { columns: 80, rows: 24 } as const;

/** The whole terminal of standard output, redrawn in place. It must be closed at the end. */
export class Screen {
  readonly #events: ScreenEvents;
  readonly #onInput = (bytes: Buffer): void => {
    for (const key of keysIn(bytes.toString('latin1'))) this.#events.key(key);
  };
  readonly #onResize = (): void => this.#events.resize();
  /** A crash must not leave a terminal that shows nothing of what is typed. */
  readonly #onExit = (): void => this.close();
  #isOpen = true;

  constructor(events: ScreenEvents) {
    this.#events = events;
    process.once('exit', this.#onExit);
    process.stdout.on('resize', this.#onResize);
    process.stdout.write(ENTER);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.#onInput);
  }

  /** A terminal that does not know its size says 0. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = process.stdout;
    return { columns: columns || SIZE_DEFAULT.columns, rows: rows || SIZE_DEFAULT.rows };
  }

  /** Shows the text. One write replaces the lines in place, so that nothing flickers. */
  draw(text: string): void {
    if (!this.#isOpen) return;
    const { columns, rows } = this.size;
    const lines = text.split('\n').slice(0, rows);
    const drawn = lines.map((line) => cut(line, columns) + CLEAR_REST_OF_LINE).join('\r\n');
    process.stdout.write(`${HOME}${drawn}${CLEAR_BELOW}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.removeListener('exit', this.#onExit);
    process.stdout.off('resize', this.#onResize);
    process.stdin.off('data', this.#onInput);
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(false);
      process.stdin.pause();
    }
    process.stdout.write(LEAVE);
  }
}

/** The typed characters, without the sequences of arrows and function keys. */
export function keysIn(typed: string): readonly string[] {
  return [...stripVTControlCharacters(typed)];
}

/** A line that is too long loses its styles with its end. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}
