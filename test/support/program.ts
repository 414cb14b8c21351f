import { resolve } from 'node:path';

const { TEST_PROGRAM = 'src/cli/main.ts' } = process.env;

/**
 * The main file of the command: what `buildTestProgram` has built for this run of the tests, else
 * the sources, as in `node src/cli/main.ts`.
 */
export const MAIN = resolve(import.meta.dirname, '../..', TEST_PROGRAM);
