import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, machineClock } from '../../base/index.ts';
import { hotKeysJson } from '../keys/hot-json.ts';
import { expose, FORMATS, formatFor } from '../metrics/exposition.ts';
import { metricsJson } from '../metrics/metrics-json.ts';
import { type MetricSample, type MetricSource, takeSample } from '../metrics/sample.ts';
import { METRICS } from '../metrics/table.ts';
import { AdminError } from './admin-error.ts';

/** Requests within this time see the same sample, so that many of them cost a node little. */
const SAMPLE_MS = 50;
/** The states of a member that has all its items. */
const READY_MEMBERS = ['serving', 'leaving'];

/** A reply of the admin port. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Writes the body in place of `body`; after a failure the client sees it cut. */
  readonly stream?: (response: ServerResponse) => Promise<unknown>;
}

/** What the admin port shows of a node. */
export class AdminPages {
  readonly #clock: Clock;
  #source: MetricSource | undefined;
  #sample: { readonly taken: MetricSample; readonly atMs: number } | undefined;

  constructor(clock = machineClock) {
    this.#clock = clock;
  }

  /** Shows this node from here on; before, the node is starting. */
  show(source: MetricSource): void {
    this.#source = source;
  }

  /**
   * A node at its limit of connections is ready too: it serves those that it has. A member of a
   * cluster is ready when it has its items, so that a restart of one after the other loses none.
   */
  readiness(): Reply {
    const { control } = this.#source ?? {};
    const state = control?.health().state ?? 'starting';
    const member = control?.cluster()?.state;
    const ready = state === 'serving' && (member === undefined || READY_MEMBERS.includes(member));
    return json(ready ? 200 : 503, { ready, state, ...(member !== undefined && { member }) });
  }

  metrics(request: IncomingMessage): Reply {
    const format = formatFor(request.headers.accept);
    return { status: 200, type: FORMATS[format], body: expose(METRICS, this.#now(), format) };
  }

  stats(): Reply {
    return json(200, metricsJson(METRICS, this.#now()));
  }

  hotKeys(): Reply {
    return json(200, hotKeysJson(this.#running().control.hotKeys));
  }

  /** @throws {AdminError} while the node is starting. */
  #running(): MetricSource {
    if (this.#source !== undefined) return this.#source;
    throw new AdminError(503, 'The node is starting: ask again soon.', { 'retry-after': '1' });
  }

  #now(): MetricSample {
    const source = this.#running();
    const nowMs = this.#clock.nowMs();
    if (this.#sample === undefined || nowMs - this.#sample.atMs >= SAMPLE_MS) {
      this.#sample = { taken: takeSample(source), atMs: nowMs };
    }
    return this.#sample.taken;
  }
}

/** A reply in JSON. */
export function json(status: number, value: object): Reply {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
