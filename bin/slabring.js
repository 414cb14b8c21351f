#!/usr/bin/env node
/**
 * The command `slabring`, in syntax that an old Node.js can parse: on one, this file runs the
 * Node.js that npm installed beside it, or tells the user to get a newer one.
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

/** The npm package `node`: of a checkout, or beside the installed package. */
function bundledNode(fs, url) {
  var name = process.platform === 'win32' ? 'node.exe' : 'node';
  var folders = ['../node_modules/node/bin/', '../../node/bin/'];
  return folders
    .map((folder) => url.fileURLToPath(new URL(folder + name, import.meta.url)))
    .filter((path) => fs.existsSync(path))
    .filter((path) => fs.realpathSync(path) !== fs.realpathSync(process.execPath))[0];
}

/** Runs this command by another Node.js: signals go to it, and its end is the end of this one. */
function runBy(node, childProcess, os) {
  var child = childProcess.spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'].forEach((signal) => {
    process.on(signal, () => child.kill(signal));
  });
  child.on('error', fail);
  child.on('exit', (code, signal) => {
    process.exit(code === null ? 128 + os.constants.signals[signal] : code);
  });
}

function needNewerNode() {
  console.error(
    'slabring needs Node.js ' +
      NODE_MAJOR_MIN +
      ' or newer, and this is ' +
      process.versions.node +
      ': install a newer one, or let npm bring it: npx -p node@26 -p slabring slabring' +
      ' (in a checkout of the repository: npm ci && npx slabring).',
  );
  process.exit(1);
}

function fail(error) {
  var absent = /^Cannot find package '([^']+)'/.exec(error.message);
  var advice = 'run npm ci in the folder of slabring first (npm install in one that uses it).';
  console.error(absent ? `slabring needs the package ${absent[1]}: ${advice}` : error);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  start().catch(fail);
} else {
  Promise.all([import('fs'), import('url'), import('child_process'), import('os')])
    .then((modules) => {
      var node = bundledNode(modules[0], modules[1]);
      if (node === undefined) needNewerNode();
      else runBy(node, modules[2], modules[3]);
    })
    .catch(fail);
}
