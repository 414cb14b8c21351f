import { integer, structure, text } from '../fields.ts';

export const tag = structure({
  Key: text,
  Value: text,
});

export const endpoint = structure({
  Address: text,
  Port: integer,
});
