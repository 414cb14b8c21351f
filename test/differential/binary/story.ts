import { type Packet, type PacketParts, packet, packetsOf } from '../../support/binary-wire.ts';
import type { TestServer } from '../../support/server.ts';
import { dialogue } from '../../support/wire.ts';
import type { Pair } from '../servers.ts';

/** One request; `casOf` stands for the CAS id that this server last showed to a request of that opaque. */
export type BinaryStep = PacketParts & { readonly casOf?: number };

/** Requests that travel together, on a connection of their own. */
export interface Story {
  readonly name: string;
  readonly bursts: readonly (readonly BinaryStep[])[];
}

/** Tells both servers the same; what differs, or nothing. */
export async function differenceIn(
  { ours, theirs }: Pair,
  bursts: Story['bursts'],
): Promise<string | undefined> {
  const [a, b] = await Promise.all([tell(ours, bursts), tell(theirs, bursts)]);
  for (const [at, burst] of bursts.entries()) {
    if (a[at] === b[at]) continue;
    const told = burst.map((step) => JSON.stringify(step, plainly)).join('\n  ');
    return `told:\n  ${told}\nours:\n  ${a[at]}\ntheirs:\n  ${b[at]}`;
  }
  return undefined;
}

/** Each burst's replies, as lines. */
async function tell(server: TestServer, bursts: Story['bursts']): Promise<readonly string[]> {
  await dialogue(server.address, 'flush_all\r\n');
  const seen = new Map<number, bigint>();
  const names = new Map<bigint, string>([[0n, '0']]);
  const told: string[] = [];
  for (const burst of bursts) {
    const bytes = burst.map((step) =>
      packet(
        step.casOf === undefined ? step : { ...step, cas: seen.get(step.casOf) ?? 9_999_999n },
      ),
    );
    const reply = await dialogue(server.address, Buffer.concat(bytes));
    const { packets, rest } = packetsOf(reply);
    for (const { opaque, cas } of packets) if (cas !== 0n) seen.set(opaque, cas);
    const lines = packets.map((each) => lineOf(each, names));
    told.push(
      [...lines, ...(rest.length > 0 ? [`rest ${rest.toString('hex')}`] : [])].join('\n  '),
    );
  }
  return told;
}

const VERSION = 0x0b;

function lineOf(reply: Packet, names: Map<bigint, string>): string {
  const name = names.get(reply.cas) ?? `#${names.size}`;
  names.set(reply.cas, name);
  const value = reply.opcode === VERSION && reply.status === 0 ? 'version' : reply.value;
  return JSON.stringify({ ...reply, cas: name, value }, plainly);
}

function plainly(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
