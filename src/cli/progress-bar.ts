import { Presets, SingleBar } from 'cli-progress';

/** A bar on the terminal, or nothing where nobody sees it. */
export interface ProgressBar {
  /** `share` is 0 … 1. */
  draw(title: string, share: number): void;
  clear(): void;
}

/** Draws on `terminal`; undefined is no terminal. */
export function progressBar(terminal: NodeJS.WritableStream | undefined): ProgressBar {
  if (terminal === undefined) return { draw: () => {}, clear: () => {} };
  const format = '{title} [{bar}] {percentage} %';
  const bar = new SingleBar(
    { stream: terminal, format, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  return {
    draw(title, share) {
      if (!bar.isActive) bar.start(1, share, { title });
      bar.update(share, { title });
    },
    clear: () => bar.stop(),
  };
}
