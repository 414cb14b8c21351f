import { findCommand } from '../../test/support/commands.ts';
import {
  type Path,
  startForwarding,
  startNutcracker,
  startOfOne,
  startOfThree,
  startPair,
  startPlainProxy,
} from './paths.ts';

/** Arguments of mcload. */
type Loads = Readonly<Record<string, readonly string[]>>;

const GETS: Loads = {
  'one get per packet': ['-d', '1'],
  '20 gets per packet': ['-d', '20'],
  '50-key gets': ['-m', '50'],
};
const SETS: Loads = {
  'one set per packet': ['-s', '100', '-d', '1'],
  '20 sets per packet': ['-s', '100', '-d', '20'],
};

/** A way of requests through processes, and what it may cost. */
export interface Candidate {
  /** At most so many times the CPU time of a node alone; undefined: it is there to compare. */
  readonly goal: number | undefined;
  readonly start: () => Promise<Path>;
}

export interface Question {
  readonly text: string;
  readonly loads: Loads;
  readonly candidates: readonly Candidate[];
}

const nutcracker: readonly Candidate[] =
  findCommand('nutcracker') === undefined ? [] : [{ goal: undefined, start: startNutcracker }];

export const QUESTIONS = {
  primary: {
    text: 'gets at the primary of their keys, in a cluster of one node and of three',
    loads: GETS,
    candidates: [
      { goal: 1.25, start: startOfOne },
      { goal: 1.25, start: () => startOfThree('primary') },
    ],
  },
  forwarded: {
    text: 'gets at another node, beside nutcracker (Debian) in front of a node',
    loads: GETS,
    candidates: [
      { goal: 3, start: startForwarding },
      { goal: 3, start: () => startOfThree('other') },
      ...nutcracker,
    ],
  },
  proxy: {
    text: 'gets through a proxy in front of a node of no cluster, beside nutcracker (Debian)',
    loads: GETS,
    candidates: [{ goal: undefined, start: startPlainProxy }, ...nutcracker],
  },
  replicated: {
    text: 'sets of keys that two nodes hold',
    loads: SETS,
    candidates: [
      { goal: 3, start: () => startPair('sync') },
      { goal: 2.5, start: () => startPair('async') },
    ],
  },
} as const satisfies Readonly<Record<string, Question>>;

export type QuestionName = keyof typeof QUESTIONS;
