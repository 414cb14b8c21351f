import type { SortKey, TopView } from '../../ops/index.ts';
import type { NodeFailure } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import type { Screen, ScreenEvents } from '../process/screen.ts';
import { SORT_KEYS, topScreen } from './top-page.ts';

/** Ctrl-C is a key here: the terminal is in raw mode. */
const QUIT_KEYS: ReadonlySet<string> = new Set(['q', 'Q', '\u0003']);

interface LiveOptions {
  readonly sort: SortKey;
  readonly intervalSeconds: number;
  readonly quit: () => void;
}

/** The view on a terminal: it draws each round, and the last one again after a key or a resize. */
export class LiveTop {
  readonly #host: Pick<Host, 'style'>;
  readonly #options: LiveOptions;
  readonly #screen: Screen;
  #sort: SortKey;
  #isReversed = false;
  #view: TopView<NodeFailure> | undefined;
  #time = '';

  constructor(
    open: (events: ScreenEvents) => Screen,
    host: Pick<Host, 'style'>,
    options: LiveOptions,
  ) {
    this.#host = host;
    this.#options = options;
    this.#sort = options.sort;
    this.#screen = open({ key: (key) => this.#onKey(key), resize: () => this.#draw() });
    this.#draw();
  }

  show(view: TopView<NodeFailure>): void {
    this.#view = view;
    this.#time = new Date().toLocaleTimeString('en-GB');
    this.#draw();
  }

  close(): void {
    this.#screen.close();
  }

  #onKey(key: string): void {
    if (QUIT_KEYS.has(key)) {
      this.#options.quit();
      return;
    }
    const sort = SORT_KEYS.get(key);
    if (sort === undefined) return;
    this.#isReversed = sort === this.#sort && !this.#isReversed;
    this.#sort = sort;
    this.#draw();
  }

  #draw(): void {
    const layout = { sort: this.#sort, isReversed: this.#isReversed, ...this.#screen.size };
    const head = { time: this.#time, intervalSeconds: this.#options.intervalSeconds };
    this.#screen.draw(topScreen(this.#view, layout, head, this.#host));
  }
}
