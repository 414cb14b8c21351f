import type { TestServer } from './server.ts';
import { RawConnection } from './wire.ts';

/** The numbers of `stats`, or of `stats <topic>`, by name. */
export async function statsOf(server: TestServer, topic = ''): Promise<Map<string, number>> {
  const connection = await RawConnection.connect(server.address);
  try {
    const request = topic === '' ? 'stats\r\n' : `stats ${topic}\r\n`;
    const text = (await connection.exchange(request)).toString('latin1');
    const lines = [...text.matchAll(/^STAT (\S+) (\S+)/gm)];
    return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
  } finally {
    connection.destroy();
  }
}

/** The sum of a field of `stats items` or `stats slabs` over all size classes. */
export async function sumOverClasses(
  server: TestServer,
  topic: 'items' | 'slabs',
  field: string,
): Promise<number> {
  let sum = 0;
  for (const [name, value] of await statsOf(server, topic)) {
    if (name.endsWith(`:${field}`)) sum += value;
  }
  return sum;
}
