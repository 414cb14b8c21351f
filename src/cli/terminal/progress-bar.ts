import { Presets, SingleBar } from 'cli-progress';
import { type Clock, machineClock } from '../../base/index.ts';
import { countText } from './amounts.ts';

/** How far one step of the work is. */
interface Progress {
  /** The step; a new title starts the time of its rate. */
  readonly title: string;
  /** 0 … 1. */
  readonly fraction: number;
  /** What the step has done so far, in `unit`. */
  readonly count: number;
  readonly unit: string;
}

/** A progress bar on the terminal; without a terminal it does nothing. */
export interface ProgressBar {
  draw(progress: Progress): void;
  clear(): void;
}

const FORMAT = '{title} [{bar}] {percentage} %  {rate}  {left}';
const NARROW_FORMAT = '{title} {percentage} %  {rate}  {left}';
const BAR_COLUMNS_MAX = 30;
/** The columns of everything but the bar, at most. */
const TEXT_COLUMNS = 58;

/** Creates a bar that draws on `terminal`; undefined means no terminal. */
export function progressBar(
  terminal: (NodeJS.WritableStream & { readonly columns?: number }) | undefined,
  clock: Clock = machineClock,
): ProgressBar {
  if (terminal === undefined) return { draw: () => {}, clear: () => {} };
  const { columns = 80 } = terminal;
  const room = columns - TEXT_COLUMNS;
  const format = room > 0 ? FORMAT : NARROW_FORMAT;
  const barsize = Math.max(1, Math.min(BAR_COLUMNS_MAX, room));
  // Ctrl-C ends the process in between, so the bar changes no setting of the terminal.
  const bar = new SingleBar(
    { stream: terminal, format, barsize, clearOnComplete: true, linewrap: true },
    Presets.shades_classic,
  );
  let pace: Pace | undefined;
  return {
    draw(progress) {
      const { title, fraction } = progress;
      if (pace?.title !== title) pace = new Pace(progress, clock);
      const texts = { title, ...pace.textsAt(progress) };
      if (!bar.isActive) bar.start(1, fraction, texts);
      bar.update(fraction, texts);
    },
    clear: () => bar.stop(),
  };
}

/** The pace of one step since its first progress. */
class Pace {
  readonly title: string;
  readonly #first: Progress;
  readonly #clock: Clock;
  readonly #startedAtMs: number;

  constructor(first: Progress, clock: Clock) {
    this.title = first.title;
    this.#first = first;
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
  }

  /** The mean rate so far, and the time left at this pace; empty until there is one. */
  textsAt({ fraction, count, unit }: Progress) {
    const seconds = (this.#clock.nowMs() - this.#startedAtMs) / 1000;
    const done = fraction - this.#first.fraction;
    if (seconds === 0 || done <= 0) return { rate: '', left: '' };
    const perSecond = (count - this.#first.count) / seconds;
    const leftSeconds = Math.ceil((seconds * (1 - fraction)) / done);
    return { rate: `${countText(perSecond)} ${unit}/s`, left: `${leftSeconds} s left` };
  }
}
