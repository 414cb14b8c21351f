/** HTML that escapes by construction: only this file makes `Html` of text; pure. */

/** A piece of valid HTML. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** For the tag below: the strings of a template are written by us. */
  static of(text: string): Html {
    return new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template may hold: text is escaped; `undefined` and `false` are nothing. */
export type Content = string | number | Html | undefined | false | readonly Content[];

/**
 * A piece of HTML. A value stands for text between elements, or in an attribute with double quotes
 * around it; it must not stand for a name, in a script or in a style.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.of(
    strings.reduce((text, part, at) => {
      return text + part + (at < values.length ? textOf(values[at]) : '');
    }, ''),
  );
}

/** An attribute that has no value, such as `checked`. */
export const attribute = (name: 'checked' | 'selected' | 'required' | 'open', isSet: boolean) =>
  isSet ? Html.of(` ${name}`) : undefined;

function textOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'object') return content.map(textOf).join('');
  return escaped(String(content));
}

const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Control characters, and those that turn the direction of a text around, are shown as such. */
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[&<>"'`]/g, (character) => SPECIAL[character]!)
    .replaceAll(INVISIBLE, (character) =>
      /[\n\t]/.test(character) ? character : `\\u${hex(character)}`,
    );

const hex = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');
