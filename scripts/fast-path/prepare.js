/**
 * Builds the fast path at the end of `npm ci` in a checkout, if that is possible: not without the
 * development dependencies, and not on a Node.js that cannot run TypeScript. This file is plain
 * JavaScript, for such a Node.js. Without the fast path, a node runs slower.
 */
import { createRequire } from 'node:module';

const NODE_MAJOR_MIN = 24;

function whyNot() {
  const { version } = process;
  if (Number.parseInt(version.slice(1), 10) < NODE_MAJOR_MIN) {
    return `Node.js is ${version}, and the build needs ${NODE_MAJOR_MIN}`;
  }
  try {
    createRequire(import.meta.url).resolve('assemblyscript/package.json');
    return undefined;
  } catch {
    return 'the development dependency assemblyscript is missing';
  }
}

const reason = whyNot();
if (reason === undefined) await import('./main.ts');
else console.log(`The fast path is not built: ${reason}.`);
