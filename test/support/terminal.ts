import { execFileSync, spawn } from 'node:child_process';
import { MAIN } from './program.ts';

/** A question that a program shows, and what the user types then. */
type Answer = readonly [question: string, typed: string];

/** Why no program can run on a terminal here; undefined if one can. */
export function whyNoTerminal(): string | undefined {
  try {
    // util-linux's `script` runs a program on a terminal.
    const version = execFileSync('script', ['--version'], { encoding: 'utf8' });
    return version.includes('util-linux') ? undefined : 'script is not that of util-linux';
  } catch {
    return 'script is not installed';
  }
}

/** The command that runs `slabring` on a terminal. */
export function onTerminalArgs(args: readonly string[]): readonly string[] {
  const words = [process.execPath, MAIN, ...args].map((word) => `"${word}"`);
  return ['script', '-qec', `exec ${words.join(' ')}`, '/dev/null'];
}

/** Runs `slabring` on a terminal; types each answer as soon as its question appears. */
export async function onTerminal(
  args: readonly string[],
  answers: readonly Answer[] = [],
  { columns = 80, env = {} }: { readonly columns?: number; readonly env?: NodeJS.ProcessEnv } = {},
) {
  const words = [process.execPath, MAIN, ...args].map((word) => `"${word}"`);
  // `exec`: a shell that waits would end of Ctrl-C itself, and hide the exit code.
  const command = `stty cols ${columns}; exec ${words.join(' ')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    // Node.js shows no colors where CI is set.
    env: { ...process.env, CI: undefined, ...env },
  });
  const left = [...answers];
  let shown = '';
  child.stdout.on('data', (bytes) => {
    shown += bytes;
    const [question, answer] = left[0] ?? [];
    if (question === undefined || !shown.includes(question)) return;
    child.stdin.write(answer);
    left.shift();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, shown };
}
