/** The half of `node:dns/promises` that is used. */
export interface Resolver {
  /** Every address of that family, or of both when it is 0; rejects when there is none. */
  lookup(
    name: string,
    options: { readonly all: true; readonly family: 0 | 4 | 6; readonly order: 'verbatim' },
  ): Promise<readonly { readonly address: string }[]>;
  resolveSrv(name: string): Promise<readonly ServiceRecord[]>;
  /** What is under way is not waited for any longer: the time of a look is over. */
  cancel?(): void;
}

export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}
