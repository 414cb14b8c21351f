import { describe, expect, test } from 'vitest';
import { amzTime, authorization, sha256, signatureOf } from '../../../../src/base/index.ts';
import { callerOf, type IncomingRequest } from '../../../../src/control/access/caller.ts';
import { ApiError } from '../../../../src/control/api/errors.ts';

const NOW = Date.UTC(2026, 10, 29, 8, 15);
const KEYS = { accessKeyId: 'AKSRTEST', secretAccessKey: 'a/secret+of=40' };
const SCOPE = { region: 'local', service: 'elasticache' };
const BODY = Buffer.from('Action=DescribeCacheClusters&Version=2015-02-02');

function signed(changes: Partial<IncomingRequest> = {}, atMs = NOW): IncomingRequest {
  const headers = { host: '127.0.0.1:8899', 'x-amz-date': amzTime(atMs) };
  const request = { method: 'POST', path: '/', query: {}, headers, bodyHash: sha256(BODY) };
  const all = { ...headers, authorization: authorization(request, KEYS, SCOPE) };
  return { method: 'POST', path: '/', query: '', headers: all, body: BODY, ...changes };
}

const secretOf = (id: string) => (id === KEYS.accessKeyId ? KEYS.secretAccessKey : undefined);

function codeOf(request: IncomingRequest, nowMs = NOW): string {
  try {
    callerOf(request, secretOf, nowMs);
    return 'none';
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

/** The request with another header `authorization`. */
function withAuthorization(change: (text: string) => string): IncomingRequest {
  const request = signed();
  const text = change(request.headers['authorization']!);
  return { ...request, headers: { ...request.headers, authorization: text } };
}

/** A request whose signature is in its URL. */
function presigned(seconds: number, atMs = NOW): IncomingRequest {
  const date = amzTime(atMs).slice(0, 8);
  const query: Record<string, string> = {
    Action: 'DescribeEvents',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${KEYS.accessKeyId}/${date}/local/elasticache/aws4_request`,
    'X-Amz-Date': amzTime(atMs),
    'X-Amz-Expires': `${seconds}`,
    'X-Amz-SignedHeaders': 'host',
  };
  const headers = { host: 'h' };
  const request = { method: 'GET', path: '/', query, headers, bodyHash: sha256('') };
  const signature = signatureOf(request, KEYS.secretAccessKey, SCOPE, amzTime(atMs));
  const text = new URLSearchParams({ ...query, 'X-Amz-Signature': signature }).toString();
  return { method: 'GET', path: '/', query: text, headers, body: Buffer.alloc(0) };
}

describe('the signature of a request', () => {
  test('a valid one says who sends it, and for what service', () => {
    expect(callerOf(signed(), secretOf, NOW)).toMatchObject({
      accessKeyId: KEYS.accessKeyId,
      region: 'local',
      service: 'elasticache',
    });
  });

  test('a signature counts 15 minutes before and after its time', () => {
    const minutes = (count: number) => NOW + count * 60_000;
    expect([14, 16, -14, -16].map((count) => codeOf(signed(), minutes(count)))).toEqual([
      'none',
      'SignatureDoesNotMatch',
      'none',
      'SignatureDoesNotMatch',
    ]);
  });

  test.each([
    ['another body', signed({ body: Buffer.from('Action=DeleteCacheCluster') })],
    ['another method', signed({ method: 'GET' })],
    ['another path', signed({ path: '/x' })],
    ['a query', signed({ query: 'Action=DeleteCacheCluster' })],
    ['another host', signed({ headers: { ...signed().headers, host: 'other' } })],
    [
      'the hash of another body',
      signed({ headers: { ...signed().headers, 'x-amz-content-sha256': sha256('other') } }),
    ],
    ['another region', withAuthorization((text) => text.replace('/local/', '/other/'))],
    ['another date', withAuthorization((text) => text.replace('/20261129/', '/20261128/'))],
    ['no signature', withAuthorization((text) => text.replace(/Signature=.*/, 'Signature=0'))],
  ])('a request with %s is not the one that was signed', (_what, request) => {
    expect(codeOf(request)).toBe('SignatureDoesNotMatch');
  });

  test('each character of the signature counts', () => {
    const { authorization: text } = signed().headers;
    for (let at = text!.length - 64; at < text!.length; at++) {
      const other = text![at] === '0' ? '1' : '0';
      const request = withAuthorization(
        (whole) => whole.slice(0, at) + other + whole.slice(at + 1),
      );
      expect(codeOf(request)).toBe('SignatureDoesNotMatch');
    }
  });

  test.each([
    ['MissingAuthenticationToken', signed({ headers: { host: 'x' } })],
    ['IncompleteSignature', withAuthorization(() => 'Basic abc')],
    ['IncompleteSignature', withAuthorization((text) => text.replace('host;', ''))],
    ['IncompleteSignature', withAuthorization((text) => text.replace(';x-amz-date', ''))],
    ['IncompleteSignature', withAuthorization((text) => text.replace('host;', 'host;toString;'))],
    ['IncompleteSignature', withAuthorization((text) => text.replace('aws4_request', 'aws5'))],
    ['InvalidClientTokenId', withAuthorization((text) => text.replace('AKSRTEST', 'AKSROTHER'))],
  ])('%s', (code, request) => {
    expect(codeOf(request)).toBe(code);
  });

  test('a header that names the operation must be signed', () => {
    const headers = { 'x-amz-target': 'AnyScaleFrontendService.DeregisterScalableTarget' };
    const request = signed({ headers: { ...signed().headers, ...headers } });
    expect(codeOf(request)).toBe('IncompleteSignature');
    const all = { host: 'h', 'x-amz-date': amzTime(NOW), ...headers };
    const asked = { method: 'POST', path: '/', query: {}, headers: all, bodyHash: sha256(BODY) };
    const whole = { ...all, authorization: authorization(asked, KEYS, SCOPE) };
    expect(codeOf(signed({ headers: whole }))).toBe('none');
  });

  test('every cut of the header is refused', () => {
    const { length } = signed().headers['authorization']!;
    for (let end = 0; end < length; end++) {
      expect(codeOf(withAuthorization((text) => text.slice(0, end)))).not.toBe('none');
    }
  });

  test('a signature in a URL counts as long as it says, and at most a week', () => {
    const seconds = (count: number) => NOW + count * 1000;
    expect(codeOf(presigned(60), seconds(59))).toBe('none');
    expect(codeOf(presigned(60), seconds(61))).toBe('SignatureDoesNotMatch');
    expect(codeOf(presigned(8 * 86_400))).toBe('IncompleteSignature');
    expect(codeOf(presigned(0))).toBe('IncompleteSignature');
    const changed = { ...presigned(60), query: `${presigned(60).query}&Action2=x` };
    expect(codeOf(changed)).toBe('SignatureDoesNotMatch');
  });
});
