import { expect, test } from 'vitest';
import {
  COMMANDS,
  KIND_COUNT,
  KINDS,
  kindOf,
} from '../../../../src/commands/latency/request-kinds.ts';
import { DIALECT, Request, VERB } from '../../../../src/protocol/index.ts';

test('every verb of every dialect has a kind, and a kind has one name', () => {
  const request = new Request();
  for (const verb of Object.values(VERB)) {
    for (const [dialect, number] of Object.entries(DIALECT)) {
      request.verb = verb;
      request.dialect = number;
      const kind = kindOf(request);
      expect(KINDS[kind]!.dialect).toBe(dialect);
      expect(COMMANDS).toContain(KINDS[kind]!.command);
    }
  }
  expect(KINDS.length).toBe(KIND_COUNT);
  expect(new Set(KINDS.map((kind) => JSON.stringify(kind))).size).toBe(KIND_COUNT);
});
