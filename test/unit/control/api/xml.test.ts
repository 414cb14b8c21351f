import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/control/api/errors.ts';
import { integer, list, structure, text, time } from '../../../../src/control/api/fields.ts';
import { errorXml, replyXml } from '../../../../src/control/api/xml.ts';

const FACTS = { namespace: 'urn:x', requestId: 'id-1' };
const METADATA = '<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>';

const resultOf = (fields: Parameters<typeof replyXml>[1], output: object): string =>
  /<DoResult>(.*)<\/DoResult>/.exec(replyXml('Do', fields, output, FACTS))![1]!;

describe('a reply as XML', () => {
  test('members are elements in the order of their fields, and missing ones are left out', () => {
    const fields = { B: integer, A: text, C: text, When: time };
    expect(replyXml('Do', fields, { A: 'x', B: 2, When: 1_000 }, FACTS)).toBe(
      '<DoResponse xmlns="urn:x"><DoResult><B>2</B><A>x</A><When>1970-01-01T00:00:01Z</When>' +
        `</DoResult>${METADATA}</DoResponse>`,
    );
  });

  test('an operation without a result has only its metadata', () => {
    expect(replyXml('Do', undefined, undefined, FACTS)).toBe(
      `<DoResponse xmlns="urn:x">${METADATA}</DoResponse>`,
    );
  });

  test('elements of a list have the name of the list, and an empty list is there', () => {
    const fields = { Nodes: list('Node', structure({ Id: text })), None: list('x', text) };
    expect(resultOf(fields, { Nodes: [{ Id: 'a' }, { Id: 'b' }], None: [] })).toBe(
      '<Nodes><Node><Id>a</Id></Node><Node><Id>b</Id></Node></Nodes><None></None>',
    );
  });

  test('text cannot leave its element, and has only characters of XML', () => {
    const hostile = `</A><B a="b">&'\u0000\uFFFF\uD800x\r\n`;
    expect(resultOf({ A: text }, { A: hostile })).toBe(
      '<A>&#60;/A&#62;&#60;B a=&#34;b&#34;&#62;&#38;&#39;\uFFFD\uFFFD\uFFFDx&#13;&#10;</A>',
    );
  });

  test('an error has its type, code and message', () => {
    expect(errorXml(new ApiError('CacheClusterNotFound', 'no <a>'), FACTS)).toBe(
      '<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>CacheClusterNotFound</Code>' +
        '<Message>no &#60;a&#62;</Message></Error><RequestId>id-1</RequestId></ErrorResponse>',
    );
  });

  test.each([
    ['CacheClusterNotFound', 404, 'Sender'],
    ['CacheClusterAlreadyExists', 400, 'Sender'],
    ['SignatureDoesNotMatch', 403, 'Sender'],
    ['InternalFailure', 500, 'Receiver'],
  ])('%s has status %i', (code, status, type) => {
    expect([new ApiError(code, '').status, new ApiError(code, '').type]).toEqual([status, type]);
  });
});
