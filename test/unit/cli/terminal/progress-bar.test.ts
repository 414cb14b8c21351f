import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type ProgressBar, progressBar } from '../../../../src/cli/terminal/progress-bar.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

/** What a terminal of this width receives, as text. */
async function drawn(columns: number, draw: (bar: ProgressBar, clock: ManualClock) => void) {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns, rows: 24 });
  const clock = new ManualClock();
  const bar = progressBar(terminal, clock);
  draw(bar, clock);
  bar.clear();
  terminal.end();
  const output = await text(terminal);
  // A private mode, such as the wrapping of lines, would stay after Ctrl-C.
  expect(output).not.toContain('\u001b[?');
  return stripVTControlCharacters(output);
}

const step = { title: 'storing  ', unit: 'keys' };

describe('progressBar', () => {
  test('the bar shows the rate and the time left of each step', async () => {
    const output = await drawn(80, (bar, clock) => {
      bar.draw({ ...step, fraction: 0, count: 0 });
      clock.advanceSeconds(2);
      bar.draw({ ...step, fraction: 0.5, count: 50_000 });
      bar.clear();
      bar.draw({ ...step, title: 'measuring', fraction: 0, count: 0 });
      clock.advanceSeconds(1);
      bar.draw({ ...step, title: 'measuring', fraction: 0.25, count: 900 });
    });
    expect(output).toContain(`storing   [${'█'.repeat(11)}`);
    expect(output).toContain('50 %  25K keys/s  2 s left');
    expect(output).toContain('25 %  900 keys/s  3 s left');
  });

  test.each([40, 60, 80, 120])('the bar fits %i columns', async (columns) => {
    const output = await drawn(columns, (bar, clock) => {
      bar.draw({ ...step, fraction: 0, count: 0 });
      clock.advanceSeconds(100);
      bar.draw({ ...step, fraction: 0.01, count: 999_900_000 });
    });
    const lines = output.split(/(?=storing)|\r|\n/);
    expect(Math.max(...lines.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(columns);
  });
});
