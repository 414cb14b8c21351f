#!/usr/bin/env node
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    'slabring needs Node.js 24 or newer; this is ' +
      process.version +
      '. Install a newer Node.js, or run it as: npx -p node@26 -p slabring slabring',
  );
  process.exit(1);
}
import('../dist/cli/main.js').catch((error) => {
  console.error(error);
  process.exit(1);
});
