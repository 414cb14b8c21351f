import { Presets, SingleBar } from 'cli-progress';

/** A progress bar on the terminal; without a terminal it does nothing. */
interface ProgressBar {
  /** `fraction` is 0 … 1. */
  draw(title: string, fraction: number): void;
  clear(): void;
}

/** Creates a bar that draws on `terminal`; undefined means no terminal. */
export function progressBar(terminal: NodeJS.WritableStream | undefined): ProgressBar {
  if (terminal === undefined) return { draw: () => {}, clear: () => {} };
  const format = '{title} [{bar}] {percentage} %';
  const bar = new SingleBar(
    { stream: terminal, format, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  return {
    draw(title, fraction) {
      if (!bar.isActive) bar.start(1, fraction, { title });
      bar.update(fraction, { title });
    },
    clear: () => bar.stop(),
  };
}
