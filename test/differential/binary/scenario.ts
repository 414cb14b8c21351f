import { type Packet, type PacketParts, packet, packetsOf } from '../../support/binary-wire.ts';
import type { TestServer } from '../../support/server.ts';
import { type Address, sendAndReadToEnd } from '../../support/wire.ts';
import type { Pair } from '../servers.ts';

/** One request; `casOf` stands for the CAS id of the server's last reply with that opaque. */
export type BinaryStep = PacketParts & { readonly casOf?: number };

/** Bursts of requests; each burst goes out in one write on its own connection. */
export interface Scenario {
  readonly name: string;
  readonly bursts: readonly (readonly BinaryStep[])[];
}

/** Sends the bursts to both servers, and describes the first difference of the replies, if any. */
export async function differenceIn(
  { ours, theirs }: Pair,
  bursts: Scenario['bursts'],
): Promise<string | undefined> {
  const run = async ({ address }: TestServer): Promise<readonly string[]> => {
    await sendAndReadToEnd(address, 'flush_all\r\n');
    return repliesOf(address, bursts);
  };
  const [a, b] = await Promise.all([run(ours), run(theirs)]);
  for (const [at, burst] of bursts.entries()) {
    if (a[at] === b[at]) continue;
    const requests = burst.map((step) => JSON.stringify(step, bigintAsText)).join('\n  ');
    return `sent:\n  ${requests}\nours:\n  ${a[at]}\ntheirs:\n  ${b[at]}`;
  }
  return undefined;
}

/** Sends the bursts to an empty server; returns the replies of each burst, as lines. */
export async function repliesOf(
  address: Address,
  bursts: Scenario['bursts'],
): Promise<readonly string[]> {
  const seen = new Map<number, bigint>();
  const names = new Map<bigint, string>([[0n, '0']]);
  const replies: string[] = [];
  for (const burst of bursts) {
    const bytes = burst.map((step) =>
      packet(
        step.casOf === undefined ? step : { ...step, cas: seen.get(step.casOf) ?? 9_999_999n },
      ),
    );
    const reply = await sendAndReadToEnd(address, Buffer.concat(bytes));
    const { packets, rest } = packetsOf(reply);
    for (const { opaque, cas } of packets) if (cas !== 0n) seen.set(opaque, cas);
    const lines = packets.map((each) => lineOf(each, names));
    replies.push(
      [...lines, ...(rest.length > 0 ? [`rest ${rest.toString('hex')}`] : [])].join('\n  '),
    );
  }
  return replies;
}

const VERSION = 0x0b;

function lineOf(reply: Packet, names: Map<bigint, string>): string {
  const name = names.get(reply.cas) ?? `#${names.size}`;
  names.set(reply.cas, name);
  const value = reply.opcode === VERSION && reply.status === 0 ? 'version' : reply.value;
  return JSON.stringify({ ...reply, cas: name, value }, bigintAsText);
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
