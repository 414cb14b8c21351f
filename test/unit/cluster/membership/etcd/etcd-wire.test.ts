import { describe, expect, test } from 'vitest';
import {
  failureOf,
  keysOf,
  leaseOf,
  parseJson,
  rangeBody,
  tokenOf,
  transactionBody,
  watchBody,
  watchMessageOf,
} from '../../../../../src/cluster/membership/etcd/etcd-wire.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('requests to etcd', () => {
  test('a range of a prefix ends before the first key without it', () => {
    expect(JSON.parse(rangeBody('/a/', 10))).toEqual({
      key: base64('/a/'),
      range_end: base64('/a0'),
      limit: '10',
    });
  });
  test('a watch names the revision as a text', () => {
    const { create_request: created } = JSON.parse(watchBody('/a/', 12));
    expect(created).toEqual({
      key: base64('/a/'),
      range_end: base64('/a0'),
      start_revision: '12',
    });
  });
  test('a transaction compares revisions, and changes keys', () => {
    const body = transactionBody(
      [
        { key: 'k', target: 'modified', revision: 3 },
        { key: 'l', target: 'created', revision: 0 },
        { key: 'm', target: 'exists' },
      ],
      [{ put: 'k', value: 'ä', lease: '9' }, { put: 'm', value: '' }, { remove: 'l' }],
    );
    expect(JSON.parse(body)).toEqual({
      compare: [
        { key: base64('k'), target: 'MOD', result: 'EQUAL', mod_revision: '3' },
        { key: base64('l'), target: 'CREATE', result: 'EQUAL', create_revision: '0' },
        { key: base64('m'), target: 'CREATE', result: 'NOT_EQUAL', create_revision: '0' },
      ],
      success: [
        { request_put: { key: base64('k'), value: base64('ä'), lease: '9' } },
        { request_put: { key: base64('m'), value: '' } },
        { request_delete_range: { key: base64('l') } },
      ],
    });
  });
});

describe('replies of etcd', () => {
  test('fields that etcd leaves out are 0, false or empty', () => {
    const kv = { key: base64('k'), create_revision: '4', mod_revision: '5' };
    expect(keysOf({ header: { revision: '7' }, kvs: [kv] })).toEqual({
      revision: 7,
      keys: [{ key: 'k', value: '', created: 4, modified: 5, lease: '0' }],
      hasMore: false,
    });
    expect(keysOf({ header: {} })).toEqual({ revision: 0, keys: [], hasMore: false });
    expect(leaseOf({ ID: '7587848390' })).toEqual({ id: '7587848390', ttl: 0 });
    expect(tokenOf({ token: 'abc' })).toBe('abc');
  });
  test.each([
    ['keys that are no list', () => keysOf({ header: {}, kvs: 'no' })],
    ['a revision that is no text', () => keysOf({ header: { revision: 7 } })],
    ['a revision above 2^53', () => keysOf({ header: { revision: '9007199254740993' } })],
    ['a text that is no JSON', () => parseJson('<html>')],
    ['a JSON that is no object', () => parseJson('7')],
    ['a failure without a message', () => failureOf({ code: 5 })],
    ['events that are no list', () => watchMessageOf('{"result":{"events":7}}')],
  ])('a malformed reply throws an error: %s', (_, decode) => {
    expect(decode).toThrow(/^the /);
  });
  test('a failure is read from a reply and from a stream', () => {
    const message = 'etcdserver: no leader';
    expect(failureOf({ error: message, message, code: 14 })).toEqual({ message, code: 14 });
    const inStream = { error: { grpc_code: 14, http_code: 503, message } };
    expect(failureOf(inStream)).toEqual({ message, code: 14 });
  });
  test('a watch yields puts, deletes, its start and its end', () => {
    expect(watchMessageOf('{"result":{"header":{},"created":true}}')).toEqual({ kind: 'created' });
    const put = { kv: { key: base64('a'), value: base64('1'), mod_revision: '2' } };
    const removed = { type: 'DELETE', kv: { key: base64('b'), mod_revision: '3' } };
    expect(watchMessageOf(JSON.stringify({ result: { events: [put, removed] } }))).toEqual({
      kind: 'events',
      events: [
        { key: 'a', now: { key: 'a', value: '1', created: 0, modified: 2, lease: '0' } },
        { key: 'b', now: undefined },
      ],
    });
    const compacted = { result: { created: true, canceled: true, compact_revision: '9' } };
    expect(watchMessageOf(JSON.stringify(compacted))).toEqual({
      kind: 'canceled',
      reason: 'its revisions below 9 are compacted',
    });
    const noLeader = { error: { grpc_code: 14, message: 'etcdserver: no leader' } };
    expect(watchMessageOf(JSON.stringify(noLeader))).toEqual({
      kind: 'canceled',
      reason: 'etcdserver: no leader',
    });
  });
});
