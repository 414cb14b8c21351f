/**
 * Reads what Grafana's provisioning reads, and answers two paths of its API with it: so a test
 * shows that the container finds and may read the files, though not that Grafana accepts them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const read = (path: string): string => readFileSync(path, 'utf8');
const provisioning = '/etc/grafana/provisioning';
const field = (text: string, name: string): string =>
  new RegExp(`^ *${name}: (\\S+)$`, 'm').exec(text)?.[1] ?? '';

writeFileSync('/var/lib/grafana/written', '');
writeFileSync('/tmp/written', '');
const password = read(process.env['GF_SECURITY_ADMIN_PASSWORD__FILE']!).trim();
const folder = field(read(`${provisioning}/dashboards/slabring.yml`), 'path');
const url = field(read(`${provisioning}/datasources/slabring.yml`), 'url');
const dashboards = readdirSync(folder).map((name) => {
  const { title, uid } = JSON.parse(read(`${folder}/${name}`)) as Record<string, string>;
  return { title, uid };
});

const PAGES: Readonly<Record<string, unknown>> = {
  '/api/search': dashboards,
  '/api/datasources': [{ url }],
};
const allowed = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;

createServer(({ url: path = '', headers }, response) => {
  const page = PAGES[path];
  response.statusCode = headers.authorization !== allowed ? 401 : page === undefined ? 404 : 200;
  response.end(JSON.stringify(response.statusCode === 200 ? page : {}));
}).listen(3000, '0.0.0.0');
process.once('SIGTERM', () => process.exit(0));
