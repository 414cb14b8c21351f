/** The console of `slabring manage` in a real browser, over real clusters. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const WAIT_MS = 60_000;
const KEYS = 500;

const browser = await openBrowser();
if (typeof browser === 'string') console.log(`The tests of the console are skipped: ${browser}`);

describe.skipIf(typeof browser === 'string')('the console', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: OwnedProcess;
  let url: string;
  let key: readonly [id: string, secret: string];
  /** What pages have told the console of the browser: a violated policy is there, too. */
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    const first = [`--data=${folder.path}/data`, '--port=0', `--first-port=${await freePort()}`];
    manager = startVerb(['manage', ...first]);
    await waitUntil('the console listens', () => manager.stdout.includes('Try:'), WAIT_MS);
    url = /http:\S+/.exec(manager.stdout)![0];
    const [, id, secret] = /KEY_ID=(\w+)\n.*SECRET_ACCESS_KEY=(\S+)/.exec(manager.stdout)!;
    key = [id!, secret!];
  }, WAIT_MS);

  afterAll(async () => {
    await (browser as Browser).close();
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await (browser as Browser).newContext(options);
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    await page.getByLabel('Access key id').fill(key[0]);
    await page.getByLabel('Secret access key').fill(key[1]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Clusters' }).waitFor();
  }

  const isAvailable = (page: Page) =>
    page.getByRole('status').filter({ hasText: 'available' }).waitFor();

  /** The port of the first node, as the page shows it. */
  async function portOn(page: Page): Promise<number> {
    const endpoint = page.locator('.endpoint code');
    return Number((await endpoint.textContent())!.split(':').at(-1));
  }

  async function write(port: number): Promise<void> {
    const sets = Array.from({ length: KEYS }, (_, nth) => `set key-${nth} 0 0 2\r\nok\r\n`);
    const replies = await exchangeOnce({ host: '127.0.0.1', port }, sets.join(''));
    expect(replies).toBe('STORED\r\n'.repeat(KEYS));
  }

  test('a cluster is created, scaled by its plan, and deleted', async () => {
    const page = await open();
    await signIn(page);
    await page.getByRole('link', { name: 'Create cluster' }).click();
    await page.getByLabel('Name').fill('web');
    await page.getByLabel('Nodes', { exact: true }).fill('1');
    await page.getByLabel('Node type').fill('slabring.64x1');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText('Nothing is lost.').waitFor();
    await page.getByRole('button', { name: 'Create cluster' }).click();
    await isAvailable(page);
    await write(await portOn(page));
    // The page shows what the sampler has seen, without a reload.
    const items = page.locator('.strip div', { hasText: 'Items' });
    await items.filter({ hasText: String(KEYS) }).waitFor();
    expect(await page.locator('.u-over').count()).toBe(8);

    await page.getByRole('link', { name: 'Scale' }).click();
    await page.getByLabel('Nodes', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('row', { name: /Add node 0002 +250/ }).waitFor();
    await page.getByRole('button', { name: 'Scale' }).click();
    await page.getByRole('row', { name: /0002 available/ }).waitFor();
    await isAvailable(page);
    expect(await page.locator('.ring path').count()).toBe(2);

    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText(`All items are lost: about ${KEYS} keys`).waitFor();
    await page.getByLabel('To confirm, type web').fill('web');
    await page.getByRole('button', { name: 'Delete web' }).click();
    await page.getByText('There is no cluster yet.').waitFor();
    await page.context().close();
  });

  test('the keyboard alone signs in, makes a group, and signs out', async () => {
    const page = await open();
    const { keyboard } = page;
    const focus = () =>
      page.evaluate('document.activeElement.textContent.trim() || document.activeElement.id');
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 40; presses++) {
        await keyboard.press('Tab');
        if ((await focus()) === name) return;
      }
      expect(await focus()).toBe(name);
    };
    await tabTo('Skip to content');
    await keyboard.press('Enter');
    await tabTo('key');
    await keyboard.type(key[0]);
    await tabTo('secret');
    await keyboard.type(key[1]);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Clusters' }).waitFor();
    await tabTo('Parameter groups');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Parameter groups' }).waitFor();
    await tabTo('name');
    await keyboard.type('by-keyboard');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'by-keyboard' }).waitFor();
    await tabTo('Sign out');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)('text has enough contrast in %s', async (colorScheme) => {
    const page = await open({ colorScheme });
    const pages = ['/console/', '/console/create', '/console/parameter-groups', '/console/events'];
    const low: unknown[] = [await page.evaluate(LOW_CONTRAST)];
    await signIn(page);
    for (const path of pages) {
      await page.goto(url + path);
      low.push(await page.evaluate(LOW_CONTRAST));
    }
    expect(low.flat()).toEqual([]);
    await page.context().close();
  });

  test('a page without a script creates a cluster, too', async () => {
    const page = await open({ javaScriptEnabled: false });
    await signIn(page);
    await page.goto(`${url}/console/create`);
    await page.getByLabel('Name').fill('plain');
    await page.getByLabel('Node type').fill('slabring.64x1');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('button', { name: 'Create cluster' }).click();
    await isAvailable(page);
    expect(await page.locator('.chart svg').count()).toBe(8);
    await page.context().close();
  });

  test('no page has violated its policy, or thrown', () => {
    expect(complaints).toEqual([]);
  });
});

/**
 * The texts whose contrast is below that of WCAG's level AA, as an expression for the browser. It
 * has a string, because this program is not compiled for browsers.
 */
const LOW_CONTRAST = `(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parts(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
    if (!own || element.closest('svg, .skip, option, noscript')) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(element.outerHTML.slice(0, 80) + ' ' + ratio.toFixed(2));
  }
  return low;
})()`;
