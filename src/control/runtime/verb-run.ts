import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { CodedError } from '../../base/index.ts';

/** A verb that copies items may take so long. */
const RUN_MS_MAX = 3600_000;
const REASON_LENGTH_MAX = 500;

interface VerbRunOptions {
  /** The command that runs slabring. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Runs a verb of slabring in a process of its own; resolves with what it prints.
 * @throws {CodedError} `ERR_RUNTIME`, with what the verb says, unless its exit code is 0.
 */
export async function runVerb(
  args: readonly string[],
  { program, env, signal }: VerbRunOptions,
): Promise<string> {
  const [command, ...first] = program;
  const child = spawn(command!, [...first, ...args], {
    env,
    signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_MS_MAX)]),
    // By the channel the verb knows that this process lives: it ends with it.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) => resolve(code === 0 ? '' : `it ended with ${by ?? code}`));
  });
  const [out, err, end] = await Promise.all([text(child.stdout!), text(child.stderr!), ended]);
  if (end === '') return out;
  const reason = `${end}: ${err.trim().slice(-REASON_LENGTH_MAX)}`;
  throw new CodedError('ERR_RUNTIME', `slabring ${args[0]} failed: ${reason}`);
}
