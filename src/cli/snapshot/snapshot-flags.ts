import { CodedError, list, text } from '../../base/index.ts';

/** The options that dump and restore share. */
export const snapshotFlags = {
  admin: list({
    placeholder: '<url>',
    doc:
      'Admin port of each node, such as http://127.0.0.1:11212 (serve --admin-port). Several ' +
      'URLs are a cluster.',
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

/** The URLs of `--admin`. */
export function adminUrls({ admin }: { readonly admin: readonly string[] }): readonly string[] {
  if (admin.length > 0) return admin;
  throw new CodedError(
    'ERR_USAGE',
    'Name the admin ports of the nodes with --admin, such as --admin http://127.0.0.1:11212; ' +
      'a node has one if it runs with --admin-port.',
  );
}
