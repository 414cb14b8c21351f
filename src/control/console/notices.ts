/** What a page says after a form has led to it; pure. */
import { type Content, html } from './html.ts';

const NOTICES: Readonly<Record<string, string>> = {
  create: 'The cluster is created.',
  scale: 'The change has begun, or waits for its window.',
  modify: 'The change has begun, or waits for its window.',
  reboot: 'The nodes restart, one after the other.',
  delete: 'The cluster is deleted.',
  snapshot: 'The snapshot is written.',
  deleted: 'The snapshot is deleted.',
  saved: 'The parameters are saved.',
  reset: 'All parameters have their defaults again.',
};

/** Only texts of the table: a link cannot put words into a page. */
export const noticeOf = (name: string | undefined): Content =>
  name !== undefined &&
  Object.hasOwn(NOTICES, name) &&
  html`<p class="notice" role="status">${NOTICES[name]}</p>`;
