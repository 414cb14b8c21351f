/** A real Chromium for the tests of the console. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

/** Where Debian and others install it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A browser, or why there is none here. */
export async function openBrowser(): Promise<Browser | string> {
  const executablePath = PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) return 'there is no Chromium (Debian: chromium)';
  const { chromium } = await import('playwright-core');
  // As root Chromium has no sandbox; the tests open only their own pages.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
