import { describe, expect, test } from 'vitest';
import { type MemberAnswer, mayFollow } from '../../../../src/client/discovery/member-search.ts';
import type { ClusterTopology } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const topology = topologyWith([memberWith(1), memberWith(2), memberWith(3, { weight: 0 })]);

/** The answer of the node at these addresses. */
const member = (...addresses: readonly string[]): MemberAnswer => ({ topology, addresses });
const [first, second, proxy] = [1, 2, 3].map((nth) => member(`10.0.0.${nth}:11211`));
const answerWith = (fields: Partial<ClusterTopology>): MemberAnswer => ({
  topology: { ...topology, ...fields },
  addresses: ['10.0.0.2:11211'],
});

describe('a client of a list of nodes follows a cluster', () => {
  test.each<[string, readonly MemberAnswer[], readonly MemberAnswer[], boolean]>([
    ['a list of members is followed', [first!, second!], [], true],
    ['one member is enough if the others answer', [first!], [second!], true],
    ['a node of the list may be down', [first!, 'silent'], [second!], true],
    [
      'a host name is known by its address',
      [member('cache:11211', '10.0.0.1:11211')],
      [second!],
      true,
    ],
    ['a list that does not answer stays', ['silent'], [], false],
    ['nodes in no cluster stay a list', ['none', 'none'], [], false],
    ['a memcached in the list keeps the list', [first!, 'none'], [second!], false],
    ['a proxy as the one endpoint stays', [proxy!], [first!, second!], false],
    [
      'an address that the cluster does not have stays',
      [member('127.0.0.1:7000')],
      [second!],
      false,
    ],
    ['a member out of reach keeps the list', [first!], ['silent'], false],
    ['another program in the place of a member keeps the list', [first!], ['none'], false],
    ['members of two clusters stay a list', [first!, answerWith({ cluster: 'other' })], [], false],
    [
      'another cluster in the place of a member keeps the list',
      [first!],
      [answerWith({ cluster: 'other' })],
      false,
    ],
  ])('%s', (_, listed, others, isFollowed) => {
    expect(mayFollow(listed, others)).toBe(isFollowed);
  });
  test('the newest topology that a node has decides', () => {
    const left = answerWith({ version: 2, members: [memberWith(1)] });
    expect(mayFollow([second!], [])).toBe(true);
    expect(mayFollow([second!, left], [])).toBe(false);
  });
});
