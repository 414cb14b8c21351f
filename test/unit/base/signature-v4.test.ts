/** The examples of AWS: its documentation of S3, and its test suite of Signature Version 4. */
import { describe, expect, test } from 'vitest';
import {
  amzTime,
  authorization,
  escapePath,
  type Keys,
  queryText,
  type SignedRequest,
  sha256,
} from '../../../src/base/signature-v4.ts';

const signatureOf = (header: string): string => /Signature=(\w+)$/.exec(header)?.[1] ?? '';

describe('the examples of the documentation of S3', () => {
  const keys: Keys = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const sign = (request: Partial<SignedRequest>, headers = {}): string => {
    const bodyHash = request.bodyHash ?? sha256('');
    const all = {
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-content-sha256': bodyHash,
      'x-amz-date': '20130524T000000Z',
      ...headers,
    };
    const whole = { method: 'GET', path: '/', query: {}, ...request, headers: all, bodyHash };
    return authorization(whole, keys, { region: 'us-east-1', service: 's3' });
  };
  test('a part of an object is requested with this header', () => {
    expect(sign({ path: '/test.txt' }, { range: 'bytes=0-9' })).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });
  test('an object is written with this signature', () => {
    const request = {
      method: 'PUT',
      path: escapePath('/test$file.text'),
      bodyHash: sha256('Welcome to Amazon S3.'),
    };
    const headers = {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    expect(signatureOf(sign(request, headers))).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });
  test.each([
    [{ lifecycle: '' }, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    [
      { prefix: 'J', 'max-keys': '2' },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('the query %j has this signature', (query, signature) => {
    expect(signatureOf(sign({ query }))).toBe(signature);
  });
});

describe('the test suite of Signature Version 4', () => {
  const keys: Keys = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const cases: readonly (readonly [string, Partial<SignedRequest>, string])[] = [
    ['get-vanilla', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      { query: { Param2: 'value2', Param1: 'value1' } },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-unreserved',
      {
        path: escapePath('/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
      },
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'get-utf8',
      { path: escapePath('/ሴ') },
      '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
    ],
    [
      'get-vanilla-utf8-query',
      { query: { ሴ: 'bar' } },
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-header-value-trim',
      { headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' } },
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'post-vanilla',
      { method: 'POST' },
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-x-www-form-urlencoded',
      { method: 'POST', headers: form, bodyHash: sha256('Param1=value1') },
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ];
  test.each(cases)('the case %s has its signature', (_name, request, signature) => {
    const { method = 'GET', path = '/', query = {}, bodyHash = sha256('') } = request;
    const headers = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      ...request.headers,
    };
    const whole = { method, path, query, headers, bodyHash };
    const scope = { region: 'us-east-1', service: 'service' };
    expect(signatureOf(authorization(whole, keys, scope))).toBe(signature);
  });
});

describe('escapes', () => {
  test('a path keeps slashes and unreserved characters only', () => {
    expect(escapePath("a/b c+d'(e)*!~%ü")).toBe('a/b%20c%2Bd%27%28e%29%2A%21~%25%C3%BC');
  });
  test('a query is sorted by the bytes of its escaped names', () => {
    expect(queryText({ b: '/', a: '', B: ' ', '+': '=' })).toBe('%2B=%3D&B=%20&a=&b=%2F');
  });
  test('a time has no fractions of a second', () => {
    expect(amzTime(Date.UTC(2026, 10, 29, 18, 15, 0, 999))).toBe('20261129T181500Z');
  });
});
