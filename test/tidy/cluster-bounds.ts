import { count } from './amounts.ts';

/** The rows of docs/architecture.md, “What is bounded”, for a member of a cluster. */
export const memberBounds = (the: (path: string, name: string) => number) => ({
  'events that a member shows': [
    count(the('event-journal.ts', 'EVENTS_MAX')),
    count(the('event-journal.ts', 'REASON_CHARS_MAX')),
  ],
});
