import type { Fields, MembersOf } from './fields.ts';

/** One operation of the API, as its model says. */
export interface Operation {
  readonly input: Fields;
  /** Undefined: the reply has no result. */
  readonly output: Fields | undefined;
  /** The codes of its errors, besides those of all operations. */
  readonly errors: readonly string[];
}

export const operation = <const O extends Operation>(declared: O): O => declared;

export type InputOf<O extends Operation> = MembersOf<O['input']>;

export type OutputOf<O extends Operation> = O['output'] extends Fields
  ? MembersOf<O['output']>
  : undefined;
