/** The frame of all pages, and the parts that several pages have; pure. */
import { time } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Session } from './sessions.ts';

interface PageFrame {
  readonly title: string;
  /** The entry of the navigation that the page belongs to. */
  readonly section?: Section;
  readonly session?: Session;
  /** The page shows numbers that change: the script reads it again. */
  readonly isLive?: boolean;
  /** The script loads what draws charts, once the page is seen. */
  readonly hasCharts?: boolean;
  /** Without a script the browser reads the page again. */
  readonly isChanging?: boolean;
  readonly body: Content;
  readonly assets: Assets;
}

/** The paths of files, which change with their content. */
export interface Assets {
  readonly style: string;
  readonly script: string;
  readonly chartStyle: string | undefined;
  readonly chartScript: string | undefined;
  readonly icon: string;
}

const SECTIONS = {
  clusters: { path: '/console/', label: 'Clusters' },
  groups: { path: '/console/parameter-groups', label: 'Parameter groups' },
  snapshots: { path: '/console/snapshots', label: 'Snapshots' },
  events: { path: '/console/events', label: 'Events' },
} as const;

export type Section = keyof typeof SECTIONS;

export function frame(page: PageFrame): Html {
  const {
    title,
    session,
    isLive = false,
    isChanging = false,
    hasCharts = false,
    body,
    assets,
  } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – slabring</title>
<link rel="icon" type="image/svg+xml" href="${assets.icon}">
<link rel="stylesheet" href="${assets.style}">
<script src="${assets.script}" defer></script>
${isChanging && html`<noscript><meta http-equiv="refresh" content="5"></noscript>`}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
${header(page, session)}
<main id="main" tabindex="-1"${isLive && html` data-live-page`}${hasCharts && chartFiles(assets)}>
${body}
</main>
</body>
</html>
`;
}

const chartFiles = ({ chartStyle, chartScript }: Assets): Content =>
  chartStyle !== undefined &&
  chartScript !== undefined &&
  html` data-chart-style="${chartStyle}" data-chart-script="${chartScript}"`;

function header({ section }: PageFrame, session: Session | undefined): Html {
  const links = Object.entries(SECTIONS).map(([name, { path, label }]) => {
    const current = name === section ? html` aria-current="page"` : undefined;
    return html`<li><a href="${path}"${current}>${label}</a></li>`;
  });
  return html`<header class="top">
<a class="mark" href="/console/"><svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10"
 r="7" /><path d="M10 3a7 7 0 0 1 6.06 10.5" /></svg>slabring</a>
${
  session !== undefined &&
  html`<nav aria-label="Sections"><ul>${links}</ul></nav>
<form class="who" method="post" action="/console/sign-out">
<input type="hidden" name="csrf" value="${session.token}">
<span title="Access key">${session.accessKeyId}</span>
<button class="quiet">Sign out</button>
</form>`
}
</header>`;
}

/** The state of a cluster or a node: a word, with a mark that does not depend on colour alone. */
export function statusOf(status: string): Html {
  const kind = KINDS[status] ?? 'busy';
  return html`<span class="status ${kind}">${status}</span>`;
}

const KINDS: Readonly<Record<string, string>> = {
  available: 'good',
  deleting: 'going',
  'restore-failed': 'bad',
  failed: 'bad',
};

export const timeOf = (ms: number): Html =>
  html`<time datetime="${new Date(ms).toISOString()}">${time(ms)}</time>`;

/** A sentence about what went wrong, read out at once. */
export const alertOf = (message: string | undefined): Content =>
  message !== undefined && html`<p class="alert" role="alert">${message}</p>`;

/** How full something is. */
export function bar(share: number | undefined, label: string): Html {
  const filled = Math.round(100 * Math.max(0, Math.min(1, share ?? 0)));
  const kind = filled >= 95 ? 'full' : 'room';
  return html`<svg class="bar ${kind}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img"
 aria-label="${label}"><rect width="100" height="6" /><rect class="used" width="${filled}"
 height="6" /></svg>`;
}

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => Content;
  readonly isNumber?: boolean;
  /** The cell names the row. */
  readonly isName?: boolean;
}

interface Table<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  /** What is there without rows. */
  readonly empty: Content;
  readonly dataOf?: (row: T) => Html;
}

export function table<T>({ label, columns, rows, empty, dataOf }: Table<T>): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const numeric = (isNumber: boolean | undefined) => isNumber === true && html` class="number"`;
  const heads = columns.map(
    ({ head, isNumber }) => html`<th scope="col"${numeric(isNumber)}>${head}</th>`,
  );
  const lines = rows.map((row) => {
    const cells = columns.map(({ cell, isNumber, isName }) =>
      isName === true
        ? html`<th scope="row"${numeric(isNumber)}>${cell(row)}</th>`
        : html`<td${numeric(isNumber)}>${cell(row)}</td>`,
    );
    return html`<tr${dataOf?.(row)}>${cells}</tr>\n`;
  });
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody>
</table></div>`;
}
