/** AWS's Query protocol: a form in, XML out; pure. */
import type { ApiTable } from '../api-table.ts';
import { ApiError } from '../errors.ts';
import { parseForm } from '../query.ts';
import { readMembers } from '../read-members.ts';
import { errorXml, replyXml } from '../xml.ts';
import { refuseDryRun } from './dry-run.ts';
import type { Wire } from './wire.ts';

export const queryWire = ({ version, namespace }: ApiTable): Wire => ({
  contentType: 'text/xml',
  open({ method, query, body }) {
    const form = parseForm(method === 'GET' ? query : body.toString());
    const asked = form.parts.get('Version')?.value ?? version;
    if (asked !== version) {
      const text = `The API has version ${version}, not the one of the request.`;
      throw new ApiError('NoSuchVersion', text);
    }
    return {
      operation: form.parts.get('Action')?.value ?? '',
      read(fields) {
        refuseDryRun(form.parts.has('DryRun'), fields);
        return readMembers(form, fields);
      },
    };
  },
  reply: (operation, fields, output, requestId) =>
    replyXml(operation, fields, output, { namespace, requestId }),
  error: (error, requestId) => ({
    status: error.status,
    body: errorXml(error, { namespace, requestId }),
  }),
});
