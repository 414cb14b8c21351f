/** The kinds of members that requests and replies of the API have, and their TypeScript types. */

interface TextField {
  readonly kind: 'text';
  /** The only values that are valid. */
  readonly values?: readonly string[];
}

interface ListField {
  readonly kind: 'list';
  /** The name of its elements: `Tags.Tag.1`, `<Tags><Tag>`. */
  readonly element: string;
  readonly of: Field;
}

interface StructureField {
  readonly kind: 'structure';
  readonly fields: Fields;
}

export type Field = { readonly isRequired?: true } & (
  | TextField
  /** A whole number. */
  | { readonly kind: 'integer' }
  | { readonly kind: 'decimal' }
  | { readonly kind: 'boolean' }
  /** Milliseconds since the Unix epoch; RFC 3339 on the wire. */
  | { readonly kind: 'time' }
  /** Texts by texts, as pairs; only JSON has it. */
  | { readonly kind: 'map' }
  | ListField
  | StructureField
);

export type Fields = Readonly<Record<string, Field>>;

/** The type of the values of a field. */
type ValueOf<F extends Field> = F extends { kind: 'text'; values: readonly (infer V)[] }
  ? V
  : F extends { kind: 'text' }
    ? string
    : F extends { kind: 'integer' | 'decimal' | 'time' }
      ? number
      : F extends { kind: 'boolean' }
        ? boolean
        : F extends { kind: 'map' }
          ? readonly (readonly [string, string])[]
          : F extends { kind: 'list'; of: infer E extends Field }
            ? readonly ValueOf<E>[]
            : F extends { kind: 'structure'; fields: infer S extends Fields }
              ? MembersOf<S>
              : never;

/** The type of a structure: its required members, and the others. */
export type MembersOf<S extends Fields> = {
  readonly [K in keyof S as S[K] extends { isRequired: true } ? K : never]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends { isRequired: true } ? never : K]?:
    | ValueOf<S[K]>
    | undefined;
};

export const text = { kind: 'text' } as const;
export const integer = { kind: 'integer' } as const;
export const decimal = { kind: 'decimal' } as const;
export const boolean = { kind: 'boolean' } as const;
export const time = { kind: 'time' } as const;
export const map = { kind: 'map' } as const;

export const oneOf = <const V extends readonly string[]>(...values: V) =>
  ({ kind: 'text', values }) as const;

/** A list; `element` is the name of its elements on the wire. */
export const list = <const N extends string, const F extends Field>(element: N, of: F) =>
  ({ kind: 'list', element, of }) as const;

export const structure = <const S extends Fields>(fields: S) =>
  ({ kind: 'structure', fields }) as const;

/** A member that a request must have. */
export const required = <const F extends Field>(field: F) =>
  ({ ...field, isRequired: true }) as const;
