import { buildFastPath } from '../../scripts/fast-path/build.ts';

/** The nodes of the tests use the fast path of these sources. */
export default async function setup(): Promise<void> {
  await buildFastPath();
}
