/** AWS's JSON protocols: the operation in a header, JSON in and out; pure. */
import type { ApiTable } from '../api-table.ts';
import { ApiError } from '../errors.ts';
import { refuseDryRun } from './dry-run.ts';
import { readJson, writeJson } from './json-members.ts';
import type { Wire } from './wire.ts';

/** The names of errors that all APIs have, where they differ from those of the Query protocol. */
const NAMES: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  IncompleteSignature: 'IncompleteSignatureException',
  InvalidAction: 'UnknownOperationException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  MissingAction: 'UnknownOperationException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  Throttling: 'ThrottlingException',
};

export const jsonWire = (table: ApiTable): Wire => ({
  contentType: `application/x-amz-json-${table.jsonVersion ?? '1.1'}`,
  open: ({ headers, body }) => ({
    operation: headers['x-amz-target']?.slice(`${table.target}.`.length) ?? '',
    read(fields) {
      const value = parsed(body.toString());
      refuseDryRun(Object.hasOwn(Object(value) as object, 'DryRun'), fields);
      return readJson(value, fields);
    },
  }),
  reply: (_operation, fields, output) => JSON.stringify(writeJson(output ?? {}, fields ?? {})),
  error({ code, message, status, type }) {
    const own = table.errorNames ?? {};
    const name = own[code] ?? NAMES[code] ?? code;
    return {
      status: status < 500 ? 400 : status,
      headers: {
        'x-amzn-errortype': name,
        ...(table.isQueryCompatible && { 'x-amzn-query-error': `${code};${type}` }),
      },
      body: JSON.stringify({ __type: name, message }),
    };
  },
});

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : (JSON.parse(text) as unknown);
  } catch {
    throw new ApiError('SerializationException', 'The body is not JSON.');
  }
}
