import { silentLogger } from '../../src/base/index.ts';
import type { Policy } from '../../src/control/access/policy.ts';
import { Console } from '../../src/control/console/console.ts';
import type { WebReply } from '../../src/control/console/web.ts';
import { ClusterMetrics } from '../../src/control/metrics/cluster-metrics.ts';
import type { Observed } from '../../src/control/runtime/runtime.ts';
import { ApiHarness, LIMITS } from './control-api.ts';

export const KEY = { id: 'AKSRTEST', secret: 'a secret' };
const ALL: Policy = [{ effect: 'Allow', actions: ['*'], resources: ['*'] }];
const HOST = '127.0.0.1:8899';

type Fields = Readonly<Record<string, string>>;

interface Sent {
  readonly headers?: Record<string, string>;
  readonly address?: string;
}

/** The console over a state in memory, and a browser that keeps its cookies. */
export class ConsoleHarness {
  readonly api = new ApiHarness({ checksAccess: true });
  readonly metrics = new ClusterMetrics();
  readonly console: Console;
  readonly cookies = new Map<string, string>();

  /** What runs of each cluster, and what `/stats.json` of its nodes says. */
  observed: Observed = { isRunning: false, nodes: [] };
  stats: string | undefined;

  constructor({ host = '127.0.0.1', needsKey = true, policy = ALL } = {}) {
    const { state, service } = this.api;
    state.addAccessKey({ ...KEY, policy });
    this.console = new Console(
      { host, needsKey, port: () => 8899, isSecure: false },
      {
        ...{ service, state, metrics: this.metrics, limits: LIMITS, region: 'local' },
        ...{ nowMs: () => this.api.nowMs, log: silentLogger },
        reader: () => async () => this.stats,
        observe: async () => this.observed,
      },
    );
  }

  get(path: string, sent: Sent = {}): Promise<WebReply> {
    return this.#send('GET', path, '', sent);
  }

  /** Sends a form as it is. */
  post(path: string, fields: Fields, sent: Sent = {}): Promise<WebReply> {
    return this.#send('POST', path, new URLSearchParams(fields).toString(), sent);
  }

  /** Opens a page, and sends its form with these fields beside its token. */
  async submit(path: string, fields: Fields, sent: Sent = {}): Promise<WebReply> {
    return this.post(path, { csrf: tokenIn(await this.get(path)), ...fields }, sent);
  }

  signIn({ id = KEY.id, secret = KEY.secret } = {}, sent: Sent = {}): Promise<WebReply> {
    return this.submit('/console/sign-in', { key: id, secret }, sent);
  }

  async #send(method: string, url: string, body: string, sent: Sent): Promise<WebReply> {
    const [path = '', query = ''] = url.split('?');
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const headers = { host: HOST, cookie, ...(method === 'POST' && type), ...sent.headers };
    const request = { method, path, query, headers, body: Buffer.from(body) };
    const reply = await this.console.answer(request, sent.address ?? '127.0.0.1');
    for (const each of [reply.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(each)!;
      this.cookies.set(name!, value!);
    }
    return reply;
  }
}

export const tokenIn = ({ body }: WebReply): string =>
  /name="csrf" value="([^"]+)"/.exec(body.toString())?.[1] ?? '';
