import type { IncomingMessage } from 'node:http';
import { isLoopback, type Logger } from '../../base/index.ts';
import { checkHost, checkNoPage, checkOwnToken, checkToken } from './access.ts';
import type { ActionInput, AdminActions } from './actions.ts';
import { AdminError } from './admin-error.ts';
import type { HealthPage } from './health.ts';
import type { LogRoute } from './log-route.ts';
import { type AdminPages, json, type Reply } from './pages.ts';
import { readInput } from './request-body.ts';
import type { SnapshotRoutes } from './snapshot-routes.ts';

/** Who may use an admin port. */
interface AccessRules {
  /** The host that the port listens on. */
  readonly host: string;
  /** The token that requests carry; undefined if most need none. */
  readonly token: () => string | undefined;
  /** The token of the few requests that always need one; undefined if certificates replace it. */
  readonly ownToken: string | undefined;
  /** Whether the node requires a login: not every user of this machine may then change it. */
  readonly requiresLogin: boolean;
}

interface Route {
  readonly methods: readonly string[];
  /**
   * `open`: probes carry no token, and learn nothing but a state. `action`: it changes the node or
   * shows its log.
   * `keys`: it shows or changes keys or values, so it needs a token on every admin port.
   */
  readonly access: 'open' | 'numbers' | 'action' | 'keys';
  readonly reply: (request: IncomingMessage, accept: () => void) => Reply | Promise<Reply>;
}

interface RouterPages {
  readonly pages: AdminPages;
  readonly health: HealthPage;
  readonly logs: LogRoute;
}

const READ = ['GET', 'HEAD'] as const;
const ACTIONS = '/actions/';

/** Decides what an admin port replies. */
export class Router {
  readonly #rules: AccessRules;
  readonly #log: Logger;
  readonly #pages: Readonly<Record<string, Route>>;
  #actions: AdminActions = {};
  #snapshots: Readonly<Record<string, Route>> = {};

  constructor(rules: AccessRules, { pages, health, logs }: RouterPages, log: Logger) {
    this.#rules = rules;
    this.#log = log;
    this.#pages = {
      '/healthz': { methods: READ, access: 'open', reply: () => health.reply() },
      '/readyz': { methods: READ, access: 'open', reply: () => pages.readiness() },
      '/metrics': {
        methods: READ,
        access: 'numbers',
        reply: (request) => pages.metrics(request),
      },
      '/log': {
        methods: ['GET'],
        access: 'action',
        reply: (request) => logs.reply(request.url ?? ''),
      },
      '/hot-keys.json': { methods: READ, access: 'keys', reply: () => pages.hotKeys() },
      '/stats.json': { methods: READ, access: 'numbers', reply: () => pages.stats() },
    };
  }

  /** Takes these actions from here on. */
  use(actions: AdminActions, snapshots: SnapshotRoutes): void {
    this.#actions = actions;
    this.#snapshots = {
      '/snapshot/dump': {
        methods: ['POST'],
        access: 'keys',
        reply: async (request) => {
          const input = await this.#inputOf(request, 'dump');
          return snapshots.dump(input);
        },
      },
      '/snapshot/restore': {
        methods: ['POST'],
        access: 'keys',
        reply: (request, accept) => {
          this.#checkAction(request, 'application/octet-stream', 'restore');
          accept();
          return snapshots.restore(request);
        },
      },
    };
  }

  /**
   * `accept` is called before a long body is read.
   * @throws {AdminError} for a request that the port refuses.
   */
  async answer(request: IncomingMessage, accept: () => void): Promise<Reply> {
    const { host } = this.#rules;
    if (isLoopback(host)) checkHost(request, host);
    const [path = '/'] = (request.url ?? '/').split('?');
    const route = this.#routeOf(path);
    if (!route.methods.includes(request.method ?? '')) {
      const allow = route.methods.join(', ');
      throw new AdminError(405, `${path} takes ${allow}.`, { allow });
    }
    this.#checkAccess(request, route);
    return route.reply(request, accept);
  }

  #checkAccess(request: IncomingMessage, { access }: Route): void {
    const { token: tokenNow, ownToken, requiresLogin } = this.#rules;
    if (access === 'open') return;
    const token = tokenNow();
    if (token !== undefined) checkToken(request, token);
    else if (ownToken !== undefined && access === 'keys') {
      checkOwnToken(request, ownToken, 'it shows or changes keys and values');
    } else if (ownToken !== undefined && access === 'action' && requiresLogin) {
      checkOwnToken(request, ownToken, 'the node requires a login');
    }
  }

  #routeOf(path: string): Route {
    const pages = { ...this.#pages, ...this.#snapshots };
    if (Object.hasOwn(pages, path)) return pages[path]!;
    const name = path.slice(ACTIONS.length);
    if (path.startsWith(ACTIONS) && Object.hasOwn(this.#actions, name)) {
      const reply = (request: IncomingMessage) => this.#act(name, request);
      return { methods: ['POST'], access: 'action', reply };
    }
    const known = [
      ...Object.keys(pages),
      ...Object.keys(this.#actions).map((action) => ACTIONS + action),
    ];
    throw new AdminError(404, `There is no ${path} here; there are ${known.join(', ')}.`);
  }

  async #act(name: string, request: IncomingMessage): Promise<Reply> {
    const input = await this.#inputOf(request, name);
    return json(200, await this.#actions[name]!(input));
  }

  #inputOf(request: IncomingMessage, name: string): Promise<ActionInput> {
    this.#checkAction(request, 'application/json', name);
    return readInput(request);
  }

  #checkAction(request: IncomingMessage, type: string, name: string): void {
    checkNoPage(request, type);
    const { remoteAddress } = request.socket;
    this.#log.info({ action: name, address: remoteAddress }, 'an admin action was requested');
  }
}
