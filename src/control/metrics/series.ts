/** Samples of one node over time, in rings of a fixed size; pure. */
import { MEASURE_NAMES, MEASURES } from './measures.ts';
import type { Sample } from './reading.ts';

/** A resolution: its step, and how many of them are kept. */
interface Resolution {
  readonly stepMs: number;
  readonly steps: number;
}

/** The last quarter of an hour as it is sampled, and the last 12 hours by the minute. */
export const RESOLUTIONS = {
  fine: { stepMs: 5000, steps: 180 },
  coarse: { stepMs: 60_000, steps: 720 },
} as const satisfies Readonly<Record<string, Resolution>>;

export type ResolutionName = keyof typeof RESOLUTIONS;

/** A sample, or several of one step together. */
export interface Step {
  /** When the step begins. */
  readonly atMs: number;
  readonly sample: Sample;
}

const WIDTH = MEASURE_NAMES.length;

/** Steps of one resolution; a new one replaces the oldest. */
class Ring {
  readonly #resolution: Resolution;
  readonly #times: Float64Array;
  readonly #values: Float32Array;
  /** How many samples the values of the last step come from. */
  readonly #samples = new Uint32Array(WIDTH);
  #first = 0;
  #count = 0;

  constructor(resolution: Resolution) {
    this.#resolution = resolution;
    this.#times = new Float64Array(resolution.steps);
    this.#values = new Float32Array(resolution.steps * WIDTH);
  }

  add(atMs: number, sample: Sample): void {
    const { stepMs, steps } = this.#resolution;
    const stepAtMs = Math.floor(atMs / stepMs) * stepMs;
    const last = (this.#first + this.#count - 1) % steps;
    if (this.#count > 0 && this.#times[last]! >= stepAtMs) {
      this.#addTo(last, sample);
      return;
    }
    const at = (this.#first + this.#count) % steps;
    if (this.#count === steps) this.#first = (this.#first + 1) % steps;
    else this.#count++;
    this.#times[at] = stepAtMs;
    this.#samples.fill(0);
    this.#values.fill(Number.NaN, at * WIDTH, (at + 1) * WIDTH);
    this.#addTo(at, sample);
  }

  /** The oldest one first. */
  since(fromMs: number): readonly Step[] {
    const steps: Step[] = [];
    for (let nth = 0; nth < this.#count; nth++) {
      const at = (this.#first + nth) % this.#resolution.steps;
      const atMs = this.#times[at]!;
      if (atMs < fromMs) continue;
      steps.push({ atMs, sample: this.#values.slice(at * WIDTH, (at + 1) * WIDTH) });
    }
    return steps;
  }

  #addTo(at: number, sample: Sample): void {
    for (const [nth, name] of MEASURE_NAMES.entries()) {
      const value = sample[nth]!;
      if (Number.isNaN(value)) continue;
      const place = at * WIDTH + nth;
      const was = this.#values[place]!;
      const samples = ++this.#samples[nth]!;
      if (samples === 1) this.#values[place] = value;
      else if (MEASURES[name].time === 'max') this.#values[place] = Math.max(was, value);
      else this.#values[place] = was + (value - was) / samples;
    }
  }
}

/** The samples of one node. */
export class NodeSeries {
  readonly #rings: Readonly<Record<ResolutionName, Ring>> = {
    fine: new Ring(RESOLUTIONS.fine),
    coarse: new Ring(RESOLUTIONS.coarse),
  };

  add(atMs: number, sample: Sample): void {
    this.#rings.fine.add(atMs, sample);
    this.#rings.coarse.add(atMs, sample);
  }

  since(resolution: ResolutionName, fromMs: number): readonly Step[] {
    return this.#rings[resolution].since(fromMs);
  }
}

/** The samples of several nodes as those of one: sums, or the largest. */
export function together(nodes: readonly (readonly Step[])[]): readonly Step[] {
  const byTime = new Map<number, Sample>();
  for (const { atMs, sample } of nodes.flat()) {
    const sum = byTime.get(atMs);
    if (sum === undefined) byTime.set(atMs, sample.slice());
    else addUp(sum, sample);
  }
  return [...byTime].map(([atMs, sample]) => ({ atMs, sample })).sort((a, b) => a.atMs - b.atMs);
}

/** A number that one of them lacks is that of the other. */
export function addUp(sum: Sample, sample: Sample): void {
  for (const [at, name] of MEASURE_NAMES.entries()) {
    const [was, value] = [sum[at]!, sample[at]!];
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(was)) sum[at] = value;
    else sum[at] = MEASURES[name].nodes === 'max' ? Math.max(was, value) : was + value;
  }
}
