import type { Logger } from '../../base/index.ts';
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { failureOf } from '../reconciler/failures.ts';
import type { Context } from '../service/context.ts';
import { lookAtTarget } from '../service/scaling/look.ts';
import type { Service } from '../service/service.ts';

/** How often each target is looked at. */
const LOOK_MS = 5000;

interface ScalerParts {
  readonly service: Pick<Service, 'act'>;
  readonly metrics: ClusterMetrics;
  readonly log: Logger;
}

/** Looks at the scalable targets again and again, and lets their clusters change. */
export class Scaler {
  readonly #parts: ScalerParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ScalerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Each target in a transaction of its own. */
  look(): void {
    const { metrics } = this.#parts;
    let ids: readonly string[] = [];
    this.#try('', ({ state }) => {
      ids = state.list('scalabletarget').map(({ id }) => id);
    });
    for (const id of ids) {
      this.#try(id, (context) => {
        const target = context.state.get('scalabletarget', id);
        if (target !== undefined) lookAtTarget(target, metrics, context);
      });
    }
  }

  #try(cluster: string, run: (context: Context) => void): void {
    try {
      this.#parts.service.act(run);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      const text = `Auto scaling failed, and is tried again: ${failure.message}`;
      this.#parts.log.error({ cluster }, text);
    }
  }
}
