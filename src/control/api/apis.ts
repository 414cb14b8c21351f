import type { IncomingRequest } from '../access/caller.ts';
import type { Api } from './api.ts';

/** The APIs on one port, and which of them a request is for. */
export class Apis {
  readonly #apis: readonly [Api, ...Api[]];

  /** The first one gets what is for none. */
  constructor(...apis: readonly [Api, ...Api[]]) {
    this.#apis = apis;
  }

  /** By the target, else by the service of the signature, else by the version of the form. */
  of(request: IncomingRequest): Api {
    const { headers, query, body } = request;
    const target = headers['x-amz-target']?.split('.')[0];
    const service = SCOPE.exec(headers['authorization'] ?? query)?.[1];
    const version = (): string | undefined => VERSION.exec(query)?.[1] ?? VERSION_IN(body);
    const by = (is: (api: Api) => boolean): Api | undefined => this.#apis.find(is);
    return (
      (target === undefined
        ? by(({ table }) => table.service === service)
        : by(({ table }) => table.target === target)) ??
      (service === undefined && target === undefined
        ? by(({ table }) => table.version === version())
        : undefined) ??
      this.#apis[0]
    );
  }
}

/** The end of a credential, in a header or a query. */
const SCOPE = /(?:\/|%2F)([\w-]{1,64})(?:\/|%2F)aws4_request/i;
const VERSION = /(?:^|&)Version=([\d-]{1,16})(?:&|$)/;
const VERSION_IN = (body: Buffer): string | undefined => VERSION.exec(body.toString())?.[1];
