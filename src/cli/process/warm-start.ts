import type { Logger } from '../../base/index.ts';
import type { ServerOptions, StartExtras } from '../../node/index.ts';

interface WarmOptions extends ServerOptions {
  readonly warmRestart: string;
  readonly memoryFile: string;
}

/** Starts a node with the items of its last stop, if the options name their file. */
export async function startWarm<Node>(
  startNode: (options: ServerOptions, extras: StartExtras) => Promise<Node>,
  options: WarmOptions,
  extras: StartExtras & { readonly log: Logger },
): Promise<Node> {
  const file = options.warmRestart || options.memoryFile;
  if (file === '') return startNode(options, extras);
  // Other nodes do not load it.
  const { WarmRestart } = await import('../../ops/index.ts');
  const name = options.unixSocket || `port ${options.port}`;
  const restart = new WarmRestart(file, name, extras.log);
  const { beforeServing, afterServing } = restart;
  try {
    const node = await startNode(options, { ...extras, beforeServing, afterServing });
    restart.served();
    return node;
  } catch (error) {
    restart.failed();
    throw error;
  }
}
