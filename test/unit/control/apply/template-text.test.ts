// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates have them
import { describe, expect, test } from 'vitest';
import {
  parseTemplateText,
  TEMPLATE_BYTES_MAX,
} from '../../../../src/control/apply/template-text.ts';

/** Aliases of aliases: 10^9 values in 600 bytes. */
const BOMB = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 9 }, (_, nth) => {
    const ten = Array(10).fill(`*a${nth}`).join(', ');
    return `a${nth + 1}: &a${nth + 1} [${ten}]`;
  }),
].join('\n');

describe('parseTemplateText', () => {
  test('a short tag of YAML is the function of JSON', async () => {
    const yaml = [
      'A: !Ref Web',
      'B: !GetAtt Web.Endpoint.Port',
      'C: !Sub "${A}-x"',
      'D: !If [Big, !FindInMap [M, a, b], !Ref AWS::NoValue]',
      'E: !Condition Big',
      'F: !Join',
      '  - ","',
      '  - [a, !Select [0, !Split ["|", "x|y"]]]',
      'G: !GetAtt [Web, Arn]',
    ].join('\n');
    expect(await parseTemplateText(yaml)).toEqual({
      A: { Ref: 'Web' },
      B: { 'Fn::GetAtt': ['Web', 'Endpoint.Port'] },
      C: { 'Fn::Sub': '${A}-x' },
      D: { 'Fn::If': ['Big', { 'Fn::FindInMap': ['M', 'a', 'b'] }, { Ref: 'AWS::NoValue' }] },
      E: { Condition: 'Big' },
      F: { 'Fn::Join': [',', ['a', { 'Fn::Select': [0, { 'Fn::Split': ['|', 'x|y'] }] }]] },
      G: { 'Fn::GetAtt': ['Web', 'Arn'] },
    });
  });
  test('a number keeps its digits, a date is a text, and an alias is what it names', async () => {
    const yaml = 'a: 000123456789\nb: 2010-09-09\nc: 3\nd: &d { x: 1 }\ne: *d\nf: 1e3\ng: true';
    expect(await parseTemplateText(yaml)).toEqual({
      ...{ a: '000123456789', b: '2010-09-09', c: 3 },
      ...{ d: { x: 1 }, e: { x: 1 }, f: '1e3', g: true },
    });
  });
  test('JSON is read as it is', async () => {
    const json = { Resources: { A: { 'Fn::Sub': 'x' } } };
    expect(await parseTemplateText(JSON.stringify(json))).toEqual(json);
  });
  test.each([
    ['a bomb of aliases', BOMB, /over 50000 values/],
    ['an alias of itself', 'a: &a [*a]', /over 50000 values|deeper|no anchor/],
    ['a deep list', '['.repeat(5000) + ']'.repeat(5000), /deeper|no YAML/],
    ['deep JSON', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, /deeper/],
    ['a large file', 'x'.repeat(TEMPLATE_BYTES_MAX + 1), /over 1048576 bytes/],
    ['two of one name', 'a: 1\na: 2', /no YAML/],
    ['an unknown alias', 'a: *b', /YAML|anchor/],
    ['a tag of a program', 'a: !!js/function "x"', /tag/],
    ['a private tag', 'a: !<tag:x.org,2020:y> z', /tag/],
    ['a NUL', 'a: "\0"', /NUL/],
    ['a NUL behind an escape', 'a: "\\0"', /NUL/],
    ['a prototype', '{"__proto__": {"a": 1}}', /__proto__/],
    ['a name that is an object', '? {a: 1}\n: b', /no text/],
    ['GetAtt without an attribute', 'a: !GetAtt Web', /must name a resource and an attribute/],
  ])('%s is refused', async (_, text, message) => {
    await expect(parseTemplateText(text)).rejects.toMatchObject({
      code: 'ERR_TEMPLATE',
      message: expect.stringMatching(message),
    });
  });
});
