import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

/** The reason why tests with Prometheus cannot run here; it prints it. */
export function whyNoPrometheus(): string | undefined {
  const missing = ['prometheus', 'promtool'].filter((name) => findCommand(name) === undefined);
  if (missing.length === 0) return undefined;
  const reason = `there is no ${missing.join(' and no ')} on the PATH (apt-get install prometheus)`;
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** Runs promtool in a folder, with this standard input; throws an error with its output. */
export function promtool(folder: string, args: readonly string[], input = ''): string {
  return execFileSync('promtool', args, { cwd: folder, input, encoding: 'utf8', stdio: 'pipe' });
}

interface PrometheusApi {
  /** The `data` of a reply of its HTTP API. */
  api<T>(path: string): Promise<T>;
  /** The value of a query that has one result, or undefined. */
  query(expression: string): Promise<number | undefined>;
  isReady(): Promise<boolean>;
}
interface TestPrometheus extends PrometheusApi {
  stop(): Promise<unknown>;
}

/** A Prometheus that listens on this address. */
export function prometheusAt(address: string): PrometheusApi {
  const get = (path: string): Promise<Response> => fetch(`http://${address}${path}`);
  const api = async <T>(path: string): Promise<T> =>
    ((await (await get(`/api/v1/${path}`)).json()) as { readonly data: T }).data;
  return {
    api,
    query: async (expression) => {
      const path = `query?query=${encodeURIComponent(expression)}`;
      const { result } = await api<{ result: readonly { value: [number, string] }[] }>(path);
      return result.length === 1 ? Number(result[0]!.value[1]) : undefined;
    },
    isReady: () =>
      get('/-/ready').then(
        ({ ok }) => ok,
        () => false,
      ),
  };
}

/** Starts Prometheus with this configuration, in a folder; resolves when it is ready. */
export async function startPrometheus(folder: string, config: string): Promise<TestPrometheus> {
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const owned = new OwnedProcess([
    'prometheus',
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ]);
  const prometheus = prometheusAt(address);
  await owned.failOnExit(waitUntil('Prometheus is ready', () => prometheus.isReady()));
  return { ...prometheus, stop: () => owned.stop() };
}
