import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/control/api/errors.ts';
import { OPERATIONS } from '../../../../src/control/api/operations.ts';
import { parseForm } from '../../../../src/control/api/query.ts';
import { readMembers } from '../../../../src/control/api/read-members.ts';
import { replyXml } from '../../../../src/control/api/xml.ts';
import { accessOf } from '../../../../src/control/calls/api-client.ts';
import { childOf, membersOf, parseXml } from '../../../../src/control/calls/reply-tree.ts';
import { formOf } from '../../../../src/control/calls/request-form.ts';

const FACTS = { namespace: 'urn:x', requestId: 'id' };

describe('forms', () => {
  test('a form is read as it was written, with structures, lists and hostile texts', () => {
    const { input } = OPERATIONS.CreateServerlessCache;
    const members = {
      ServerlessCacheName: 'a&b=c %+\u2028',
      Engine: 'memcached',
      CacheUsageLimits: { DataStorage: { Maximum: 5, Unit: 'GB' } },
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '' },
      ],
      SubnetIds: [],
    };
    expect(readMembers(parseForm(formOf(members, input).join('&')), input)).toEqual(members);
  });
});

describe('replies', () => {
  test('a reply is read as it was written', () => {
    const { output } = OPERATIONS.DescribeCacheClusters;
    const members = {
      Marker: `<&>"'\n\ud83d\ude00`,
      CacheClusters: [
        { CacheClusterId: 'a', NumCacheNodes: 2, CacheClusterCreateTime: 1_700_000_000_000 },
        { AutoMinorVersionUpgrade: false, ConfigurationEndpoint: { Address: 'h', Port: 1 } },
      ],
    };
    const root = parseXml(replyXml('DescribeCacheClusters', output, members, FACTS));
    expect(membersOf(childOf(root, 'DescribeCacheClustersResult')!, output)).toEqual(members);
  });
  test.each([
    ['nothing', ''],
    ['text', 'Bad Gateway'],
    ['an element without its end', '<a><b></a>'],
    ['two roots', '<a/><b/>'],
    ['an end too many', '<a></a></a>'],
    ['depth', '<a>'.repeat(100)],
    ['a tag that never ends', `<a${' x'.repeat(10_000)}`],
  ])('%s is refused', (_, xml) => {
    expect(() => parseXml(xml)).toThrow(/no XML/);
  });
});

describe('accessOf', () => {
  const KEYS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  test('without an endpoint nothing is sent anywhere', () => {
    expect(() => accessOf(KEYS)).toThrow(/AWS_ENDPOINT_URL_ELASTICACHE/);
    expect(() => accessOf({ ...KEYS, AWS_ENDPOINT_URL: 'ftp://x' })).toThrow(/no endpoint/);
  });
  test('the endpoint of the service wins, and the region is that of the tools', () => {
    const env = { ...KEYS, AWS_ENDPOINT_URL: 'http://b', AWS_ENDPOINT_URL_ELASTICACHE: 'http://a' };
    const { url, region } = accessOf({ ...env, AWS_DEFAULT_REGION: 'r' });
    expect([url.host, region]).toEqual(['a', 'r']);
    expect(new ApiError('ClusterQuotaForCustomerExceeded', '').status).toBe(400);
  });
});
