import { list, text } from '../../base/index.ts';

/** The options of every verb that uses admin ports. */
export const adminClientFlags = {
  admin: list({
    placeholder: '<url>',
    doc:
      'Admin port of each node, such as http://127.0.0.1:11212 (serve --admin-port); several ' +
      'URLs are a cluster. Default: the nodes that this user runs on this machine.',
  }),
  adminTokenFile: text({
    placeholder: '<file>',
    doc: 'File with the token of the admin ports (serve --admin-token-file).',
  }),
  adminCa: text({
    placeholder: '<file>',
    doc: 'CA of the certificates of the admin ports, for https.',
  }),
};
