/** The option of the verbs that write a log. */
import { choice } from '../../base/index.ts';

export const logFlags = {
  logFormat: choice({
    words: ['auto', 'text', 'json'],
    default: 'auto',
    doc:
      'How the lines of the log look, each with its time (UTC) and level: text, or one JSON ' +
      'object a line; auto is text on a terminal and in the journal of systemd, else json.',
  }),
};
