import { parseArgs } from 'node:util';
import { QUESTIONS, type QuestionName } from './questions.ts';

const questionList = Object.entries(QUESTIONS)
  .map(([name, { text }]) => `  ${name.padEnd(11)} ${text}`)
  .join('\n');

const HELP = `node benchmarks/cluster/main.ts [options]

Measures the CPU time (user and system) of each process that a request passes in a cluster. All
servers share core 0, and the generator has core 1. Each round starts new processes, and measures a
node alone before and after them: a ratio is to the mean of these two, and their difference is the
noise of the round.

  --only LIST    questions from the list below (default: all)
  --rounds N     measurements of each load and path (default 3)
  --seconds N    duration of each measurement (default 4)
  --no-record    do not write benchmarks/runs/<date>-<machine>/
  --help

Questions:

${questionList}
`;

export interface CommandLine {
  readonly questions: readonly QuestionName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly isRecorded: boolean;
}

/** Undefined: the help was asked for, and is printed. */
export function commandLine(): CommandLine | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(QUESTIONS).join(',') },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '4' },
      'no-record': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  return {
    questions: values.only.split(',').map(questionNamed),
    rounds: positiveNumber('rounds', values.rounds),
    seconds: positiveNumber('seconds', values.seconds),
    isRecorded: !values['no-record'],
  };
}

function questionNamed(name: string): QuestionName {
  if (name in QUESTIONS) return name as QuestionName;
  throw new Error(`--only has "${name}". The questions are ${Object.keys(QUESTIONS).join(', ')}.`);
}

function positiveNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} is "${text}"; it must be a number greater than 0.`);
  return value;
}
