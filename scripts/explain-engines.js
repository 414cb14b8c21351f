/**
 * After an installation by npm on an old Node.js: says what its warnings mean for the checkout. In
 * JavaScript, because an installation without development packages runs it on that Node.js.
 */
const NODE_MAJOR_MIN = 24;

const [, version, major] =
  /node\/v((\d+)\S*)/.exec(process.env['npm_config_user_agent'] ?? '') ?? [];
if (major !== undefined && Number(major) < NODE_MAJOR_MIN) {
  console.log(
    `npm runs on Node.js ${version}, so it warned that packages need a newer one (EBADENGINE).\n` +
      `Nothing to do: npm scripts and npx slabring run on Node.js ${process.versions.node} of ` +
      'node_modules/.bin.',
  );
}
