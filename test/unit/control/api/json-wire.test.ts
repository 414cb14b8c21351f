import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { Api } from '../../../../src/control/api/api.ts';
import type { ApiTable } from '../../../../src/control/api/api-table.ts';
import { Apis } from '../../../../src/control/api/apis.ts';
import { ApiError } from '../../../../src/control/api/errors.ts';
import {
  boolean,
  decimal,
  integer,
  list,
  map,
  oneOf,
  required,
  structure,
  text,
  time,
} from '../../../../src/control/api/fields.ts';

const fields = {
  Name: required(text),
  Kind: oneOf('a', 'b'),
  Count: integer,
  Share: decimal,
  Is: boolean,
  At: time,
  Tags: map,
  Parts: list('member', structure({ Id: required(text), Sizes: list('member', integer) })),
};

const TABLE: ApiTable = {
  ...{ service: 'tests', version: '2001-01-01', namespace: 'http://tests/', target: 'Tests' },
  errorNames: { MissingParameter: 'ValidationException' },
  operations: {
    PutThing: { input: fields, output: fields, errors: [] },
    CutThing: { input: fields, output: fields, errors: [] },
  },
};

function apiOf(table: ApiTable, seen: object[] = []): Api {
  const run = (_operation: string, input: object): object => {
    seen.push(input);
    if ('Name' in input && input.Name === 'bug') throw new TypeError('a bug');
    return input;
  };
  return new Api({ table, run, nowMs: () => 0, log: silentLogger });
}

function send(body: string | Buffer, target = 'Tests.PutThing', headers = {}) {
  const sent = { 'x-amz-target': target, ...headers };
  const request = { method: 'POST', path: '/', query: '', headers: sent, body: Buffer.from(body) };
  const reply = apiOf(TABLE).answer(request, 'KEY');
  return { ...reply, json: JSON.parse(reply.body) as Record<string, unknown> };
}

const WHOLE = {
  Name: 'n',
  Kind: 'b',
  Count: -7,
  Share: 0.5,
  Is: false,
  At: 1_700_000_000.125,
  Tags: { 'a b': 'c', ['__proto__']: 'd' },
  Parts: [{ Id: '1', Sizes: [1, 2] }, { Id: '2' }],
};

describe('an API in JSON', () => {
  test('members are read and written as they are, times in seconds', () => {
    const reply = send(JSON.stringify({ ...WHOLE, Other: [[]] }));
    expect([reply.status, reply.json]).toEqual([200, WHOLE]);
    expect(Object.keys(reply.json['Tags'] as object)).toEqual(['a b', '__proto__']);
    expect(reply.headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(reply.headers['x-amzn-requestid']).toMatch(/^[\da-f-]{36}$/);
    expect(send('{"Name":"n","Count":null}').json).toEqual({ Name: 'n' });
  });

  test.each([
    ['{', 'SerializationException'],
    ['[]', 'SerializationException'],
    ['null', 'SerializationException'],
    ['"x"', 'SerializationException'],
    ['{"Name":{}}', 'SerializationException'],
    ['{"Name":"n","Count":1.5}', 'SerializationException'],
    ['{"Name":"n","Count":1e300}', 'SerializationException'],
    ['{"Name":"n","Share":"1"}', 'SerializationException'],
    ['{"Name":"n","Share":1e400}', 'SerializationException'],
    ['{"Name":"n","Is":"true"}', 'SerializationException'],
    ['{"Name":"n","At":{}}', 'SerializationException'],
    ['{"Name":"n","At":"never"}', 'SerializationException'],
    ['{"Name":"n","At":"1"}', 'SerializationException'],
    ['{"Name":"n","At":[1]}', 'SerializationException'],
    ['{"Name":"n","At":true}', 'SerializationException'],
    ['{"Name":"n","At":1e14}', 'SerializationException'],
    ['{"Name":"n","At":[5]}', 'SerializationException'],
    ['{"Name":"n","Tags":{"a":1}}', 'SerializationException'],
    ['{"Name":"n","Tags":[]}', 'SerializationException'],
    ['{"Name":"n","Parts":{}}', 'SerializationException'],
    ['{"Name":"n","Parts":[null]}', 'SerializationException'],
    ['{"Name":"n","Kind":"c"}', 'InvalidParameterValue'],
    [JSON.stringify({ Name: 'n', Parts: Array(501).fill({ Id: 'x' }) }), 'InvalidParameterValue'],
    ['', 'ValidationException'],
    ['{}', 'ValidationException'],
    ['{"Name":"n","DryRun":true}', 'InvalidParameterCombination'],
    ['{"name":"n"}', 'ValidationException'],
    ['{"__proto__":{"Name":"n"}}', 'ValidationException'],
    ['{"Name":"n","Parts":[{}]}', 'ValidationException'],
    ['['.repeat(100_000), 'SerializationException'],
    [`{"Name":"n","Parts":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'SerializationException'],
  ])('%.60s is a %s', (body, name) => {
    const { status, json, headers } = send(body);
    expect([status, json['__type'], typeof json['message']]).toEqual([400, name, 'string']);
    expect(headers['x-amzn-errortype']).toBe(name);
    expect(headers['x-amzn-query-error']).toBeUndefined();
  });

  test('a body that is cut at any byte is refused', () => {
    const whole = JSON.stringify(WHOLE);
    for (let at = 1; at < whole.length; at++) {
      expect(send(whole.slice(0, at)).json['__type']).toBe('SerializationException');
    }
  });

  test('a list in place of a time is refused, however deep it is', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const { json } = send(`{"Name":"n","At":${deep}}`);
    expect(json['__type']).toBe('SerializationException');
  });

  test('a time may be a text, in UTC unless it has a zone', () => {
    const at = (text: string) => send(JSON.stringify({ Name: 'n', At: text })).json['At'];
    expect(at('2026-11-29T08:00:00')).toBe(Date.UTC(2026, 10, 29, 8) / 1000);
    expect(at('2026-11-29T08:00:00+01:00')).toBe(Date.UTC(2026, 10, 29, 7) / 1000);
  });

  test('a bug is an error of the service, and says nothing of it', () => {
    const { status, json } = send('{"Name":"bug"}');
    expect([status, json['__type']]).toEqual([500, 'InternalFailure']);
    expect(json['message']).not.toContain('bug');
  });

  test('an operation that there is not is unknown', () => {
    for (const target of ['Tests.Other', 'Tests.', 'Tests', 'Tests.constructor']) {
      expect(send('{}', target).json['__type']).toBe('UnknownOperationException');
    }
  });

  test('a refused signature has the name that clients of JSON know', () => {
    const request = { headers: { 'x-amz-target': 'Tests.PutThing' } };
    const error = new ApiError('SignatureDoesNotMatch', 'no');
    const reply = apiOf(TABLE).failure(error, request);
    expect(JSON.parse(reply.body)).toEqual({ __type: 'InvalidSignatureException', message: 'no' });
  });

  test('a change that is sent again gets its first reply', () => {
    const seen: object[] = [];
    const api = apiOf(TABLE, seen);
    const headers = { 'x-amz-target': 'Tests.PutThing', 'amz-sdk-invocation-id': 'one' };
    const body = Buffer.from('{"Name":"n"}');
    const request = { method: 'POST', path: '/', query: '', headers, body };
    const [first, second] = [api.answer(request, 'KEY'), api.answer(request, 'KEY')];
    expect([second.body, seen.length]).toEqual([first.body, 1]);
    api.answer(request, 'OTHER');
    expect(seen).toHaveLength(2);
    const other = { ...headers, 'x-amz-target': 'Tests.CutThing' };
    api.answer({ ...request, headers: other }, 'KEY');
    expect(seen).toHaveLength(3);
  });
});

describe('the way of a request to its API', () => {
  const first = apiOf({ ...TABLE, service: 'first', target: undefined!, version: '1999-09-09' });
  const apis = new Apis(first, apiOf(TABLE));
  const scope = (service: string): string => `Credential=K/20260101/local/${service}/aws4_request,`;
  const of = (headers: object, query = '', body = '') => {
    const request = { method: 'POST', path: '/', query, headers: { ...headers } };
    return apis.of({ ...request, body: Buffer.from(body) }).table.service;
  };

  test.each([
    ['the target', { 'x-amz-target': 'Tests.X' }, '', '', 'tests'],
    ['an unknown target', { 'x-amz-target': 'Nobody.X' }, '', '', 'first'],
    [
      'the target before the signature',
      { 'x-amz-target': 'Tests.X', authorization: scope('first') },
      '',
      '',
      'tests',
    ],
    ['the signature', { authorization: scope('tests') }, '', 'Version=1999-09-09', 'tests'],
    ['an unknown signature', { authorization: scope('s3') }, '', 'Version=2001-01-01', 'first'],
    [
      'a signed URL',
      {},
      'X-Amz-Credential=K%2F20260101%2Flocal%2Ftests%2Faws4_request',
      '',
      'tests',
    ],
    ['the version', {}, '', 'Action=A&Version=2001-01-01', 'tests'],
    ['the version of a URL', {}, 'Version=2001-01-01&Action=A', '', 'tests'],
    ['nothing', {}, '', 'Action=A', 'first'],
  ])('%s', (_name, headers, query, body, expected) => {
    expect(of(headers, query, body)).toBe(expected);
  });
});
