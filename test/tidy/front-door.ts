import { posix } from 'node:path';

/** The files that a page links to, as paths from the root; no addresses and no places in a page. */
export function linksIn(file: string, page: string): readonly string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => posix.join(posix.dirname(file), target.replace(/#.*$/, '')));
}

/** The files and folders of the code that a page names, such as `src/store`. */
export const pathsIn = (page: string): readonly string[] =>
  [...page.matchAll(/`((?:src|test|benchmarks|docs|\.ci)\/[\w./-]+)`/g)].map(([, path]) => path!);

/** The scripts that the first column of a page's tables explains: `npm run NAME` or `npm NAME`. */
export const scriptsIn = (page: string): readonly string[] =>
  [...page.matchAll(/^\| `npm (?:run )?([\w:-]+)` \| [^\s|]/gm)].map(([, name]) => name!);

/** The head of a decision: below its title, a list with its status and its date. */
export interface DecisionHead {
  readonly number: string;
  readonly status: string;
  readonly date: string;
}

/** Reads the head of a decision; `undefined` if a part is missing or malformed. */
export function decisionHead(page: string): DecisionHead | undefined {
  const [, number, status, date] =
    /^# (\d{4}): .+\n\n- Status: (.+)\n- Date: (\d{4}-\d\d-\d\d)\n/.exec(page) ?? [];
  if (number === undefined || status === undefined || date === undefined) return undefined;
  const [, newer] = /^superseded by \[(\d{4})\]\(\1-[\w-]+\.md\)$/.exec(status) ?? [];
  if (newer !== undefined) return { number, status: `superseded by ${newer}`, date };
  return status === 'proposed' || status === 'accepted' ? { number, status, date } : undefined;
}
