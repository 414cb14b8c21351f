/** The part of the package hashring that `continuum.ts` uses. */
declare module 'hashring' {
  export default class HashRing {
    constructor(
      servers: Readonly<Record<string, { readonly weight: number; readonly vnodes: number }>>,
      hasher: (text: string) => Uint8Array,
      options: Readonly<Record<'vnode count' | 'replicas' | 'max cache size', number>>,
    );
    /** The points in ascending order; each belongs to one of the `servers`. */
    readonly ring: readonly { readonly value: number; readonly server: string }[];
  }
}
