import { expect, test } from 'vitest';
import { elementsOf, escapeXml, textOf } from '../../../../src/ops/s3/xml.ts';

const LIST = `<?xml version="1.0"?><List xmlns="http://s3"><IsTruncated>false</IsTruncated>
<Contents><Key>a&amp;b&#x20;&#33;&lt;</Key></Contents><Contents><Key>&amp;lt;</Key></Contents>
</List>`;

test('elements have their texts, with each entity replaced once', () => {
  expect(textOf(LIST, 'IsTruncated')).toBe('false');
  expect(elementsOf(LIST, 'Contents').map((each) => textOf(each, 'Key'))).toEqual([
    'a&b !<',
    '&lt;',
  ]);
  expect(textOf(LIST, 'Marker')).toBeUndefined();
});

test('entities that stand for no character stay as they are', () => {
  expect(textOf('<a>&#x110000;&unknown;&#1114112;</a>', 'a')).toBe('&#x110000;&unknown;&#1114112;');
});

test('a text is escaped', () => {
  expect(escapeXml('"<&>"')).toBe('"&lt;&amp;&gt;"');
});
