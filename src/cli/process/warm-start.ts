import type { Logger } from '../../base/index.ts';
import type { ServerOptions, StartExtras } from '../../node/index.ts';
import type { WarmEvent } from '../../ops/index.ts';
import type { Host } from './host.ts';
import type { StopRequest } from './stop-request.ts';

interface WarmOptions extends ServerOptions {
  readonly warmRestart: string;
  readonly memoryFile: string;
  readonly warmRestartOn: 'stop' | 'restart';
}

type WarmExtras = StartExtras & { readonly log: Logger };

/** Starts a node with the items of its last stop, if the options name their file. */
export async function startWarm<Node>(
  startNode: (options: ServerOptions, extras: StartExtras) => Promise<Node>,
  options: WarmOptions,
  extras: WarmExtras,
  { stop, supervisor }: { readonly stop: StopRequest } & Pick<Host, 'supervisor'>,
): Promise<Node> {
  const file = options.warmRestart || options.memoryFile;
  if (file === '') return startNode(options, extras);
  // Other nodes do not load it.
  const { WarmRestart } = await import('../../ops/index.ts');
  const restart = new WarmRestart({
    file,
    node: options.unixSocket || `port ${options.port}`,
    log: extras.log,
    keepsItems: () =>
      (options.warmRestartOn === 'stop' || stop.isForRestart()) && !stop.discardsItems(),
    report: (event: WarmEvent) => supervisor?.send({ type: 'items', event }),
  });
  const { beforeServing, beforeDraining, afterServing } = restart;
  try {
    const warm = {
      ...extras,
      beforeServing,
      beforeDraining: () => {
        beforeDraining();
        extras.beforeDraining?.();
      },
      afterServing,
      memoryFile: file,
    };
    const node = await startNode(options, warm);
    restart.served();
    return node;
  } catch (error) {
    restart.failed();
    throw error;
  }
}
