#!/usr/bin/env node
/**
 * The command `slabring`, in syntax that an old Node.js can parse: this file tells the user of one
 * to get a newer one.
 */
var NODE_MAJOR_MIN = 24;
var SOURCE = '../src/cli/main.ts';

/** A checkout has `src`, which Node.js runs without a build; the package has only `dist`. */
function start() {
  return import(SOURCE).catch((error) => {
    var isAbsent = error.code === 'ERR_MODULE_NOT_FOUND' && /\/src\/cli\/main\.ts$/.test(error.url);
    if (isAbsent) return import('../dist/cli/main.js');
    throw error;
  });
}

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  console.error(
    'slabring needs Node.js ' +
      NODE_MAJOR_MIN +
      ' or newer, and this is ' +
      process.versions.node +
      ': install a newer one, or let npm bring it: npx -p node@26 -p slabring slabring' +
      ' (in a checkout of the repository: npx slabring).',
  );
  process.exit(1);
} else {
  start().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
