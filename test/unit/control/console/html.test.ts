import { describe, expect, test } from 'vitest';
import { attribute, html } from '../../../../src/control/console/html.ts';

const HOSTILE = '<script>alert(1)</script>"\'`&\u0000\u202e';

describe('html', () => {
  test('text is escaped, in elements and in attributes', () => {
    const text = String(html`<p title="${HOSTILE}">${HOSTILE}</p>`);
    expect(text.match(/[<>]/g)).toHaveLength(4);
    expect(text.match(/"/g)).toHaveLength(2);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&#96;&amp;');
  });
  test('characters that nobody sees are shown by their numbers', () => {
    expect(String(html`${'a\u0000b\u202ec\u2028d\ne'}`)).toBe('a\\u0000b\\u202ec\\u2028d\ne');
  });
  test('half a pair of surrogates becomes a character', () => {
    expect(String(html`${'a\ud800b'}`)).toBe('a\ufffdb');
  });
  test('pieces and lists of pieces are inserted as they are', () => {
    const items = ['<', 'b'].map((text) => html`<li>${text}</li>`);
    expect(String(html`<ul>${items}</ul>`)).toBe('<ul><li>&lt;</li><li>b</li></ul>');
  });
  test('nothing is inserted for what is not there', () => {
    expect(String(html`[${undefined}${false}${[]}${0}]`)).toBe('[0]');
  });
  test('an attribute without a value is there or not', () => {
    expect(String(html`<input${attribute('checked', true)}>`)).toBe('<input checked>');
    expect(String(html`<input${attribute('checked', false)}>`)).toBe('<input>');
  });
});
