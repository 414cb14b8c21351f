/** The files of the console: a style, a script, an icon, and uPlot for charts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Assets } from './frame.ts';
import { fileReply, type WebReply } from './web.ts';

const PREFIX = '/console/assets/';
const TYPES = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

interface Asset {
  readonly path: string;
  readonly reply: WebReply;
}

/** Read once: a change of a file needs a restart. */
export class AssetFiles {
  readonly #byName = new Map<string, Asset>();
  readonly paths: Assets;

  constructor() {
    const own = (name: string): string => this.#add(name, ownFile(name))!;
    this.paths = {
      style: own('console.css'),
      script: own('console.js'),
      icon: own('ring.svg'),
      // Without the package the charts stay as the server has drawn them.
      chartStyle: this.#add('uPlot.min.css', packageFile('uplot/dist/uPlot.min.css')),
      chartScript: this.#add('uPlot.iife.min.js', packageFile('uplot/dist/uPlot.iife.min.js')),
    };
  }

  /** Undefined: there is no such file. */
  find(path: string): WebReply | undefined {
    return path.startsWith(PREFIX) ? this.#byName.get(path.slice(PREFIX.length))?.reply : undefined;
  }

  #add(name: string, path: string | undefined): string | undefined {
    if (path === undefined) return undefined;
    const body = readFileSync(path);
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
    const type = TYPES[name.split('.').at(-1) as keyof typeof TYPES];
    const asset = { path: `${PREFIX}${name}?v=${hash}`, reply: fileReply(type, body) };
    this.#byName.set(name, asset);
    return asset.path;
  }
}

const ownFile = (name: string): string =>
  fileURLToPath(new URL(`./assets/${name}`, import.meta.url));

function packageFile(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}
