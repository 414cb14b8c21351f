import { type Activity, activityOf } from './activity.ts';
import type { Reading, Span } from './reading.ts';

/** What one round of questions found out about a node: a reading, or why there is none. */
export type NodeRound<Failure> =
  | { readonly node: string; readonly value: Reading; readonly failure?: undefined }
  | { readonly node: string; readonly value?: undefined; readonly failure: Failure };

/** A node at one moment: what it does, or why nobody knows. */
export type NodeLine<Failure> =
  | { readonly node: string; readonly activity: Activity; readonly failure?: undefined }
  | { readonly node: string; readonly activity?: undefined; readonly failure: Failure };

/** All nodes at one moment. */
export interface TopView<Failure> {
  readonly nodes: readonly NodeLine<Failure>[];
  /** The sum over the nodes that replied. */
  readonly total: Activity;
  /** How many nodes replied. */
  readonly upCount: number;
}

/** Keeps the last reading of each node, to compare the next one with. */
export class TopHistory<Failure> {
  #readings = new Map<string, Reading>();

  /** Takes a round of all nodes; a node that is not in it is forgotten, one that failed as well. */
  add(round: readonly NodeRound<Failure>[]): TopView<Failure> {
    const before = this.#readings;
    this.#readings = new Map();
    const spans: Span[] = [];
    const nodes = round.map((each): NodeLine<Failure> => {
      const { node, value, failure } = each;
      if (failure !== undefined || value === undefined) return { node, failure: each.failure! };
      this.#readings.set(node, value);
      const span = { before: before.get(node) ?? value, after: value };
      spans.push(span);
      return { node, activity: activityOf([span]) };
    });
    return { nodes, total: activityOf(spans), upCount: spans.length };
  }
}
