import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import {
  type CacheClient,
  type SessionStoreOptions,
  sessionStore,
} from '../../../../src/client.ts';
import { Gate } from './gate.ts';

declare module 'express-session' {
  interface SessionData {
    visits: number;
    user: string;
    cart: readonly string[];
  }
}

export const MAX_AGE_MS = 600_000;

/** An application that counts the requests of a visitor; it stands for one of several processes. */
export async function startApplication(cache: CacheClient, options: SessionStoreOptions = {}) {
  const application = express();
  application.set('env', 'test'); // express logs no failures
  const cookie = { maxAge: MAX_AGE_MS };
  const rest = { secret: 'not so', resave: false, saveUninitialized: false, cookie };
  application.use(session({ store: sessionStore(session, cache, options), ...rest }));
  const gates = new Map<string, { readonly entered: Gate; readonly mayEnd: Gate }>();
  /** A request that changes its session and waits before it ends. */
  const slowRequest = (name: string) => {
    const gate = { entered: new Gate(), mayEnd: new Gate() };
    gates.set(name, gate);
    return gate;
  };
  application.get('/slow/:name', async (request, response) => {
    const { entered, mayEnd } = gates.get(request.params.name)!;
    const { user, cart, visits, save } = request.query;
    if (typeof user === 'string') request.session.user = user;
    if (save === 'early') await new Promise((saved) => void request.session.save(saved));
    entered.open();
    await mayEnd.opened;
    if (typeof cart === 'string') request.session.cart = [cart];
    if (typeof visits === 'string') request.session.visits = Number(visits);
    response.json({});
  });
  application.get('/whole', ({ session: { user, cart, visits } }, response) => {
    response.json({ user, cart, visits });
  });
  application.get('/visit', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json({ id: request.sessionID, visits: request.session.visits });
  });
  application.get('/peek', (request, response) => {
    response.json({ visits: request.session.visits ?? null });
  });
  application.get('/renew', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) next(error);
      else response.json({ id: request.sessionID });
    });
  });
  application.get('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})));
  });
  const server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, slowRequest, stop: () => server.close() };
}

/** Requests of one visitor, with the session cookie. */
export function visitor() {
  let cookie = '';
  return async (origin: string, path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(origin + path, { headers: { cookie } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    const body = response.ok ? ((await response.json()) as object) : {};
    return { ...body, status: response.status };
  };
}
