import { beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../../../src/control/access/policy.ts';
import type { WebReply } from '../../../../src/control/console/web.ts';
import { ConsoleHarness, KEY, tokenIn } from '../../../support/control-console.ts';
import { statsText } from '../../../support/control-stats.ts';

const FORM = { id: 'web', nodes: '2', type: 'slabring.64x1', replicas: '1' };
const HOUR_MS = 3600_000;

const textOf = ({ body }: WebReply): string => body.toString();
const placeOf = ({ status, headers }: WebReply) => [status, headers['location']];

describe('signing in', () => {
  let console: ConsoleHarness;
  beforeEach(() => {
    console = new ConsoleHarness();
  });

  test('a page leads to the form, and the key with its secret to the clusters', async () => {
    expect(placeOf(await console.get('/console/'))).toEqual([303, '/console/sign-in']);
    const reply = await console.signIn();
    expect(placeOf(reply)).toEqual([303, '/console/']);
    const [cookie] = reply.headers['set-cookie'] as string[];
    expect(cookie).toMatch(/^slabring-8899=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict$/);
    expect(textOf(await console.get('/console/'))).toContain('There is no cluster yet.');
  });
  test('a wrong secret and an unknown key are refused in the same words', async () => {
    const wrong = await console.signIn({ secret: 'other' });
    const unknown = await console.signIn({ id: 'AKSRNOBODY' });
    for (const reply of [wrong, unknown]) {
      expect(reply.status).toBe(403);
      expect(textOf(reply)).toContain('There is no access key with this id and this secret.');
    }
    expect(console.cookies.has('slabring-8899')).toBe(false);
  });
  test('a form that is not from the page for signing in is refused', async () => {
    const fields = { key: KEY.id, secret: KEY.secret };
    await console.get('/console/sign-in');
    for (const csrf of ['', 'x']) {
      expect((await console.post('/console/sign-in', { ...fields, csrf })).status).toBe(403);
    }
    const headers = { origin: 'http://evil.example', host: '127.0.0.1:8899' };
    expect((await console.signIn({}, { headers })).status).toBe(403);
    expect((await console.signIn({}, { headers: { 'sec-fetch-site': 'same-site' } })).status).toBe(
      403,
    );
  });
  test('a form through a proxy with another host is taken if the browser says so', async () => {
    const headers = { origin: 'https://console.example', host: '127.0.0.1:8899' };
    expect((await console.signIn({}, { headers })).status).toBe(403);
    const sameOrigin = { ...headers, 'sec-fetch-site': 'same-origin' };
    expect((await console.signIn({}, { headers: sameOrigin })).status).toBe(303);
  });
  test('attempts of one address are bounded, and others go on', async () => {
    for (let nth = 0; nth < 10; nth++) {
      const reply = await console.signIn({ secret: String(nth) }, { address: '10.0.0.1' });
      expect(textOf(reply)).toContain('There is no access key');
    }
    const reply = await console.signIn({}, { address: '10.0.0.1' });
    expect(textOf(reply)).toContain('Too many attempts');
    expect((await console.signIn({}, { address: '10.0.0.2' })).status).toBe(303);
    console.cookies.clear();
    console.api.nowMs += 60_000;
    expect((await console.signIn({}, { address: '10.0.0.1' })).status).toBe(303);
  });
  test('a session ends with its time, and by signing out', async () => {
    await console.signIn();
    const csrf = tokenIn(await console.get('/console/'));
    await console.post('/console/sign-out', { csrf });
    expect(placeOf(await console.get('/console/'))).toEqual([303, '/console/sign-in']);
    await console.signIn();
    console.api.nowMs += 2 * HOUR_MS;
    expect(placeOf(await console.get('/console/'))).toEqual([303, '/console/sign-in']);
  });
  test('without signatures nobody needs a key, but a form still needs its token', async () => {
    const open = new ConsoleHarness({ needsKey: false });
    expect((await open.post('/console/sign-in', {})).status).toBe(403);
    expect((await open.submit('/console/sign-in', {})).status).toBe(303);
  });
});

describe('a reply of the console', () => {
  test('every reply forbids scripts, styles and frames of others', async () => {
    const console = new ConsoleHarness();
    const before = [await console.get('/console/sign-in'), await console.get('/console/none')];
    await console.signIn();
    const page = textOf(await console.get('/console/'));
    const [script = ''] = /\/console\/assets\/console\.js\?v=[\w-]+/.exec(page) ?? [];
    const after = ['/console/', '/console/events', '/console/none', script];
    const replies = [...before, ...(await Promise.all(after.map((each) => console.get(each))))];
    for (const { headers } of replies) {
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
          "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    for (const { body } of replies) {
      expect(body.toString()).not.toMatch(/<script>|<style|\sstyle="|\son\w+="|javascript:/);
    }
    expect(replies.at(-1)).toMatchObject({ status: 200 });
  });
  test('a request that names another host is refused where only this machine may ask', async () => {
    const headers = { host: 'evil.example:8899' };
    expect((await new ConsoleHarness().get('/console/sign-in', { headers })).status).toBe(421);
    const open = new ConsoleHarness({ host: '0.0.0.0' });
    expect((await open.get('/console/sign-in', { headers })).status).toBe(200);
  });
  test('the console takes the pages of its paths, and of a browser at the root', () => {
    const { console } = new ConsoleHarness();
    const request = { method: 'GET', path: '/', query: '', headers: {} };
    const headers = { accept: 'text/html,*/*' };
    expect(console.handles({ ...request, path: '/console/x' })).toBe(true);
    expect(console.handles({ ...request, headers })).toBe(true);
    expect(console.handles({ ...request, headers, query: 'Action=X' })).toBe(false);
    expect(console.handles({ ...request, headers, method: 'POST' })).toBe(false);
    expect(console.handles(request)).toBe(false);
  });
});

describe('changes in the console', () => {
  let console: ConsoleHarness;
  beforeEach(async () => {
    console = new ConsoleHarness();
    await console.signIn();
  });

  const create = (fields: Readonly<Record<string, string>> = {}) =>
    console.submit('/console/create', { ...FORM, step: 'apply', ...fields });

  test('a plan changes nothing, and its form has what was typed', async () => {
    const reply = await console.submit('/console/create', { ...FORM, step: 'plan' });
    expect(textOf(reply)).toContain('Start the nodes');
    expect(textOf(reply)).toContain('name="type" value="slabring.64x1"');
    expect(console.api.state.list('cluster')).toEqual([]);
    expect(console.api.changed).toEqual([]);
  });
  test('a confirmed plan is an operation of the API', async () => {
    expect(placeOf(await create())).toEqual([303, '/console/clusters/web?done=create']);
    expect(console.api.state.get('cluster', 'web')).toMatchObject({ status: 'creating' });
    expect(console.api.changed).toEqual(['web']);
  });
  test('a form without the token of its session is refused', async () => {
    for (const csrf of ['', 'x', tokenIn(await new ConsoleHarness().get('/console/sign-in'))]) {
      const reply = await console.post('/console/create', { ...FORM, step: 'apply', csrf });
      expect(reply.status).toBe(403);
    }
    const headers = { origin: 'http://127.0.0.1:3000' };
    const reply = await console.submit('/console/create', { ...FORM, step: 'apply' }, { headers });
    expect(reply.status).toBe(403);
    expect(console.api.state.list('cluster')).toEqual([]);
  });
  test('an error of the API is shown, and the form keeps what was typed', async () => {
    const reply = await create({ id: '9"><script>alert(1)</script>', nodes: '3' });
    expect(reply.status).toBe(400);
    expect(textOf(reply)).toContain('role="alert"');
    expect(textOf(reply)).toContain('is not a valid identifier');
    expect(textOf(reply)).toContain('value="9&quot;&gt;&lt;script&gt;');
    expect(textOf(reply)).not.toContain('<script>alert');
  });
  test('the nodes with the highest numbers go, or those that are chosen', async () => {
    await create({ nodes: '3' });
    console.api.settle('web');
    const scale = '/console/clusters/web/scale';
    const form = { nodes: '2', type: 'slabring.64x1', when: 'now', step: 'apply' };
    const chosen = await console.submit(scale, { ...form, nodes: '1', remove: '0001' });
    expect(textOf(chosen)).toContain('choose 2 of them to go, or none');
    await console.submit(scale, form);
    const statuses = console.api.state.get('cluster', 'web')?.nodes.map(({ status }) => status);
    expect(statuses).toEqual(['available', 'available', 'deleting']);
  });
  test('a cluster is deleted only after its name was typed', async () => {
    await create();
    console.api.settle('web');
    const path = '/console/clusters/web/delete';
    const reply = await console.submit(path, { step: 'apply', confirm: 'wed' });
    expect([reply.status, textOf(reply).includes('Type web to delete it.')]).toEqual([400, true]);
    expect(placeOf(await console.submit(path, { step: 'apply', confirm: 'web' }))).toEqual([
      303,
      '/console/?done=delete',
    ]);
    expect(console.api.state.get('cluster', 'web')?.status).toBe('deleting');
  });
  test('a plan asks the nodes what they hold, or says that it does not know', async () => {
    await create();
    console.api.settle('web');
    const node = { serves: true, memoryMib: 64, memoryMibMax: 64, options: ['--threads=1'] };
    const nodes = [
      { ...node, id: '0001' },
      { ...node, id: '0002' },
    ];
    console.observed = { isRunning: true, nodes };
    const plan = async () =>
      textOf(await console.submit('/console/clusters/web/delete', { step: 'plan' }));
    expect(await plan()).toContain('nodes 0001, 0002 did not reply.');
    console.stats = statsText({ items: 7, usedBytes: 1024 });
    expect(await plan()).toContain('All items are lost: about 14\u00a0keys (2\u00a0KiB).');
    const kept = { step: 'plan', snapshot: 'last' };
    const page = textOf(await console.submit('/console/clusters/web/delete', kept));
    expect(page).toMatch(/Write snapshot last.*Nothing is lost/s);
  });
  test('parameters that differ are changed, and those that are wrong are told', async () => {
    const groups = '/console/parameter-groups';
    await console.submit(groups, { name: 'mine', family: 'memcached1.6' });
    const own = `${groups}/mine`;
    const saved = await console.submit(own, { step: 'save', 'value-idle_timeout': '60' });
    expect(placeOf(saved)).toEqual([303, `${own}?done=saved`]);
    expect(console.api.state.get('parametergroup', 'mine')?.values).toEqual({ idle_timeout: '60' });
    const wrong = await console.submit(own, { step: 'save', 'value-idle_timeout': '<x>' });
    expect(textOf(wrong)).toContain('idle_timeout must be 0-86400, and is &#39;&lt;x&gt;&#39;');
  });
  test('hostile names and tags never become elements', async () => {
    await create();
    const { state, nowMs } = console.api;
    state.setTags('cluster', 'web', { '<b>k</b>': '"><img src=x>' });
    state.addEvent({
      ...{ sourceType: 'cache-cluster', sourceId: 'web', atMs: nowMs },
      message: '<img src=x onerror=alert(1)>',
    });
    const page = textOf(await console.get('/console/clusters/web'));
    expect(page).toContain('&lt;b&gt;k&lt;/b&gt; = &quot;&gt;&lt;img src=x&gt;');
    expect(page).not.toContain('<img');
  });
});

describe('the policy of an access key', () => {
  const READ: Policy = [
    { effect: 'Allow', actions: ['elasticache:Describe*'], resources: ['*'] },
    { effect: 'Deny', actions: ['*'], resources: ['*:cluster:secret'] },
  ];

  test('a change that the key may not do is refused in words', async () => {
    const console = new ConsoleHarness({ policy: READ });
    await console.signIn();
    for (const step of ['plan', 'apply']) {
      const reply = await console.submit('/console/create', { ...FORM, step });
      expect(reply.status).toBe(403);
      expect(textOf(reply)).toContain('may not do elasticache:CreateCacheCluster');
    }
    expect(console.api.state.list('cluster')).toEqual([]);
  });
  test('a cluster that the key may not see has no page and no numbers', async () => {
    const console = new ConsoleHarness({ policy: READ });
    await console.signIn();
    for (const path of ['', '/scale', '/series.json']) {
      expect((await console.get(`/console/clusters/secret${path}`)).status).toBe(403);
    }
  });
});
