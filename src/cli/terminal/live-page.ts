import type { Host } from '../process/host.ts';
import type { Screen } from '../process/screen.ts';

/** Ctrl-C is a key here: the terminal is in raw mode. */
const QUIT_KEYS: ReadonlySet<string> = new Set(['q', 'Q', '\u0003']);

/** A text that changes, on a whole terminal; a key quits. */
export class LivePage {
  readonly #screen: Screen;
  #text = '';

  constructor(open: NonNullable<Host['openScreen']>, quit: () => void) {
    this.#screen = open({
      key: (key) => {
        if (QUIT_KEYS.has(key)) quit();
      },
      resize: () => this.#screen.draw(this.#text),
    });
  }

  show(text: string): void {
    this.#text = text;
    this.#screen.draw(text);
  }

  close(): void {
    this.#screen.close();
  }
}
