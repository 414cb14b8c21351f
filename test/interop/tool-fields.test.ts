/** The fields that tools of memcached read, as docs/tools.md lists them. */
import { expect, test } from 'vitest';
import { RawConnection } from '../support/wire.ts';
import { textOf } from '../tidy/tree.ts';
import { describeBothServers } from './both-servers.ts';

interface Row {
  readonly tool: string;
  readonly topic: string;
  readonly fields: readonly string[];
}

const ROW = /^\| (\S+) \| `(\w+)` \| (`.+`) \|$/gm;
const ROWS: readonly Row[] = [...textOf('docs/tools.md').matchAll(ROW)].map(
  ([, tool = '', topic = '', fields = '']) => ({ tool, topic, fields: fields.match(/\w+/g) ?? [] }),
);

test('the page has the fields of three tools', () => {
  expect(new Set(ROWS.map(({ tool }) => tool)).size).toBe(3);
  expect(ROWS.flatMap(({ fields }) => fields).length).toBeGreaterThan(200);
});

describeBothServers('fields of tools', (address) => {
  test.each(ROWS)('the server has every field of $topic that $tool reads', async (row) => {
    const [host, port] = address().split(':');
    const connection = await RawConnection.connect({ host, port: Number(port) });
    await connection.exchange('set field 0 0 1\r\nx\r\nget field\r\n');
    const request = row.topic === 'stats' ? 'stats\r\n' : `stats ${row.topic}\r\n`;
    const text = (await connection.exchange(request)).toString();
    connection.destroy();
    // Of a size class: STAT items:1:number 1, STAT 1:chunk_size 96.
    const found = new Set([...text.matchAll(/^STAT (?:\w+:)*(\w+) /gm)].map(([, name]) => name));
    expect(row.fields.filter((field) => !found.has(field))).toEqual([]);
  });
});
