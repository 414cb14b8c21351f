const BAR_CHARS = 40;

/** A bar on the terminal, or nothing where nobody sees it. */
export interface ProgressBar {
  /** `share` is 0 … 1. */
  draw(title: string, share: number): void;
  clear(): void;
}

export function progressBar(drawLine: ((line: string) => void) | undefined): ProgressBar {
  return {
    draw: (title, share) => drawLine?.(barText(title, share)),
    clear: () => drawLine?.(''),
  };
}

/** `storing [████████░░░░] 66 %` */
export function barText(title: string, share: number): string {
  const full = Math.round(share * BAR_CHARS);
  const percent = Math.floor(share * 100);
  return `${title} [${'█'.repeat(full)}${'░'.repeat(BAR_CHARS - full)}] ${percent} %`;
}
