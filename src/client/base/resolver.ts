/** The part of `node:dns/promises` that the discovery uses. */
export interface Resolver {
  /** All addresses of the family (0: both); rejects when there is none. */
  lookup(
    name: string,
    options: { readonly all: true; readonly family: 0 | 4 | 6; readonly order: 'verbatim' },
  ): Promise<readonly { readonly address: string }[]>;
  resolveSrv(name: string): Promise<readonly ServiceRecord[]>;
  /** Cancels outstanding queries, when the poll has timed out or the discovery closes. */
  cancel?(): void;
}

export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}
