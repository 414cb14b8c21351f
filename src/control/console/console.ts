import { CodedError } from '../../base/index.ts';
import type { IncomingRequest } from '../access/caller.ts';
import { ApiError } from '../api/errors.ts';
import { AssetFiles } from './assets.ts';
import { alertOf, frame } from './frame.ts';
import { html } from './html.ts';
import { signInPage } from './pages/sign-in.ts';
import { answerGet, answerPost, type Shown } from './routes.ts';
import { type Session, Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import { type ConsoleParts, View } from './view.ts';
import { Form, formOf, namesThisHost, noCookie, page, seeOther, type WebReply } from './web.ts';

interface ConsoleOptions {
  /** The host that the console listens on. */
  readonly host: string;
  /** False: everybody who reaches it may do everything. */
  readonly needsKey: boolean;
  readonly port: () => number;
  /** Whether the port has TLS. */
  readonly isSecure: boolean;
}

const HOME = '/console/';
const SIGN_IN = '/console/sign-in';

/** The console in the browser: pages over the operations of the API. */
export class Console {
  readonly #options: ConsoleOptions;
  readonly #parts: ConsoleParts;
  readonly #signIn: SignIn;
  readonly #assets = new AssetFiles();

  constructor(options: ConsoleOptions, parts: ConsoleParts) {
    const { nowMs, state } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#signIn = new SignIn({
      sessions: new Sessions(nowMs),
      secretOf: (id) => state.accessKey(id)?.secret,
      ...{ needsKey: options.needsKey, port: options.port, isSecure: options.isSecure, nowMs },
    });
  }

  /** Whether a request is for the console: a browser that opens the port gets there, too. */
  handles({ method, path, query, headers }: Omit<IncomingRequest, 'body'>): boolean {
    if (path === '/console' || path.startsWith(HOME)) return true;
    const isBrowser = headers['accept']?.includes('text/html') === true;
    return method === 'GET' && path === '/' && query === '' && isBrowser;
  }

  /** Always answers: an error is a page, too. `address`: of the other end. */
  async answer(request: IncomingRequest, address: string): Promise<WebReply> {
    try {
      return await this.#answer(request, address);
    } catch (error) {
      const isKnown = error instanceof ApiError || error instanceof CodedError;
      if (!isKnown) {
        const reason = error instanceof Error ? error.stack : String(error);
        this.#parts.log.error({ reason }, 'A page of the console failed by a bug.');
      }
      const status = error instanceof ApiError ? error.status : 500;
      const text = isKnown ? error.message : 'This page failed by a bug; the log has the reason.';
      return this.#page({ title: 'Error', body: errorBody(text), status }, undefined);
    }
  }

  async #answer(request: IncomingRequest, address: string): Promise<WebReply> {
    const { method, path } = request;
    if (!namesThisHost(request, this.#options.host)) {
      return this.#refusal(
        421,
        'This console is for this machine; the request names another host.',
      );
    }
    const file = this.#assets.find(path);
    if (file !== undefined) return file;
    if (path === '/' || path === '/console') return seeOther(HOME);
    if (method !== 'GET' && method !== 'POST')
      return this.#refusal(405, 'Pages take GET and POST.');
    const form = formOf(request);
    if (path === SIGN_IN && method === 'POST') return this.#begin(request, form, address);
    const session = this.#signIn.sessionOf(request);
    if (session === undefined)
      return path === SIGN_IN ? this.#signInPage(request) : seeOther(SIGN_IN);
    if (path === SIGN_IN) return seeOther(HOME);
    if (method === 'GET') return this.#get(request, session);
    if (!this.#signIn.isOwnForm(request, form, session)) {
      return this.#refusal(403, 'This form is too old, or from another page: open the page again.');
    }
    return this.#post(request, form, session);
  }

  async #get({ path, query }: IncomingRequest, session: Session): Promise<WebReply> {
    const shown = await answerGet(new View(this.#parts, session), path, new Form(query));
    return shown === undefined ? this.#notFound(session) : this.#shown(shown, session);
  }

  async #post(request: IncomingRequest, form: Form, session: Session): Promise<WebReply> {
    if (request.path === '/console/sign-out') {
      this.#signIn.end(request);
      return seeOther(SIGN_IN, [noCookie(this.#signIn.cookieName)]);
    }
    const shown = await answerPost(new View(this.#parts, session), request.path, form);
    return shown === undefined ? this.#notFound(session) : this.#shown(shown, session);
  }

  #begin(request: IncomingRequest, form: Form, address: string): WebReply {
    const attempt = this.#signIn.attempt(request, form, address);
    if ('refused' in attempt) return this.#signInPage(request, attempt.refused, form.get('key'));
    return seeOther(HOME, [this.#signIn.cookieFor(attempt.id)]);
  }

  #signInPage(request: IncomingRequest, refused?: string, key?: string): WebReply {
    const { token, cookie: nonce } = this.#signIn.newForm(request);
    const body = signInPage({ token, needsKey: this.#signIn.needsKey, key, refused });
    const frameOf = { title: 'Sign in', body, assets: this.#assets.paths };
    return page(refused === undefined ? 200 : 403, frame(frameOf), [nonce]);
  }

  #shown(shown: Shown, session: Session): WebReply {
    if ('place' in shown) return seeOther(shown.place);
    if ('reply' in shown) return shown.reply;
    return this.#page(shown, session);
  }

  #page(shown: Extract<Shown, { title: string }>, session: Session | undefined): WebReply {
    const frameOf = { ...shown, assets: this.#assets.paths };
    return page(
      shown.status ?? 200,
      frame(session === undefined ? frameOf : { ...frameOf, session }),
    );
  }

  #notFound(session: Session): WebReply {
    const body = errorBody('There is no such page.');
    return this.#page({ title: 'Not found', body, status: 404 }, session);
  }

  #refusal(status: number, text: string): WebReply {
    return this.#page({ title: 'Refused', body: errorBody(text), status }, undefined);
  }
}

const errorBody = (text: string) =>
  html`<h1>That did not work</h1>${alertOf(text)}<p><a href="${HOME}">All clusters</a></p>`;
