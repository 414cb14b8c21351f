import { describe, expect, test } from 'vitest';
import { MEMBERS_MAX, type Member } from '../../../../src/topology/cluster/cluster-topology.ts';
import {
  decodeTopology,
  encodeTopology,
  readMember,
  TOPOLOGY_TEXT_MAX,
} from '../../../../src/topology/cluster/topology-codec.ts';
import { TopologyError } from '../../../../src/topology/topology-error.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const states = ['joining', 'filling', 'serving', 'leaving', 'down', 'gone'] as const;
const everyState = topologyWith(
  states.map((state, at) => memberWith(at + 1, { state, weight: at, zone: at > 3 ? 'b' : '' })),
  { version: 999_999_999_999_999, replicas: 8, replication: 'async' },
);

function messageOf(text: string): string {
  try {
    decodeTopology(text);
  } catch (error) {
    if (error instanceof TopologyError) return error.message;
    throw error;
  }
  return '';
}

/** The message for a topology of two members with one value replaced. */
function messageWith(field: string, value: unknown, member = false): string {
  const fields = JSON.parse(encodeTopology(topologyWith(2)));
  (member ? fields.members[1] : fields)[field] = value;
  return messageOf(JSON.stringify(fields));
}

describe('the codec of topologies', () => {
  test('a decoded topology equals the one that was encoded, in every state', () => {
    expect(decodeTopology(encodeTopology(everyState))).toEqual(everyState);
    expect(decodeTopology(encodeTopology(topologyWith(0)))).toEqual(topologyWith(0));
  });
  test('the largest topology is within the bound', () => {
    const largest = (nth: number): Member => {
      const name = String(nth).padEnd(64, 'n');
      const address = `${String(nth).padEnd(255, 'h')}:65535`;
      const incarnation = Number.MAX_SAFE_INTEGER;
      return memberWith(nth, { name, address, peerAddress: address, zone: name, incarnation });
    };
    const members = Array.from({ length: MEMBERS_MAX }, (_, nth) => largest(nth));
    const text = encodeTopology(topologyWith(members));
    expect(text.length).toBeLessThan(TOPOLOGY_TEXT_MAX);
    expect(decodeTopology(text).members).toEqual(members);
  });
  test('a text that is cut at any character is refused', () => {
    const text = encodeTopology(topologyWith(2));
    for (let end = 0; end < text.length; end++) {
      expect(messageOf(text.slice(0, end)), `cut at ${end}`).toContain('it is no JSON');
    }
  });
  test('a text over the bound is refused before it is parsed', () => {
    expect(messageOf(' '.repeat(TOPOLOGY_TEXT_MAX + 1))).toContain('131073 characters');
  });
  test('another format is refused with the format that this version reads', () => {
    expect(messageWith('format', 2)).toContain('its format is 2');
  });
});

describe('the codec refuses', () => {
  test.each([
    ['cluster', ''],
    ['cluster', 'a b'],
    ['cluster', 7],
    ['version', 0],
    ['version', 1.5],
    ['version', 1e15],
    ['replicas', 0],
    ['replicas', 9],
    ['replication', 'both'],
    ['members', {}],
    ['members', [1]],
    ['members', Array.from({ length: MEMBERS_MAX + 1 }, (_, nth) => memberWith(nth))],
    ['more', 1],
  ])('a topology whose %s is %j', (field, value) => {
    expect(messageWith(field, value)).toContain('is invalid');
  });
  test.each([
    ['name', 'web 2'],
    ['name', 'x'.repeat(65)],
    ['name', undefined],
    ['name', 'web-1'],
    ['address', '10.0.0.2'],
    ['address', '10.0.0.2:011211'],
    ['address', '10.0.0.1:11211'],
    ['address', `${'h'.repeat(300)}:1`],
    ['peerAddress', '10.0.0.1:11212'],
    ['peerAddress', '10.0.0.2:0'],
    ['peerAddress', '/run/web.sock'],
    ['weight', -1],
    ['weight', 0.5],
    ['weight', 1001],
    ['zone', 'a b'],
    ['zone', null],
    ['incarnation', 0],
    ['incarnation', 2 ** 53],
    ['state', 'ready'],
    ['state', 'toString'],
    ['more', 1],
  ])('a member whose %s is %j', (field, value) => {
    const message = messageWith(field, value, true);
    return expect(message).not.toBe('');
  });
  test('a member that has a field that the codec does not know', () => {
    expect(() => readMember({ ...memberWith(1), colour: 'red' })).toThrow('unknown field "colour"');
    expect(readMember(memberWith(1))).toEqual(memberWith(1));
  });
});
