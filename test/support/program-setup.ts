import { buildTestProgram } from './test-program.ts';

/**
 * The nodes of the tests run the bundles that users have. The processes of the tests inherit the
 * variable; `TEST_PROGRAM=src/cli/main.ts` runs the sources instead.
 */
export default async function setup(): Promise<void> {
  process.env['TEST_PROGRAM'] ??= await buildTestProgram();
}
