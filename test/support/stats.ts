import type { TestServer } from './server.ts';
import { RawConnection } from './wire.ts';

/** `stats`, or a part of them, as numbers by name. */
export async function statsOf(server: TestServer, part = ''): Promise<Map<string, number>> {
  const connection = await RawConnection.connect(server.address);
  try {
    const asked = part === '' ? 'stats\r\n' : `stats ${part}\r\n`;
    const text = (await connection.exchange(asked)).toString('latin1');
    const lines = [...text.matchAll(/^STAT (\S+) (\S+)/gm)];
    return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
  } finally {
    connection.destroy();
  }
}

/** A field of `stats items` or `stats slabs`, added up over the classes. */
export async function sumOf(
  server: TestServer,
  part: 'items' | 'slabs',
  field: string,
): Promise<number> {
  let sum = 0;
  for (const [name, value] of await statsOf(server, part)) {
    if (name.endsWith(`:${field}`)) sum += value;
  }
  return sum;
}
