/** The fields of forms, each with its label and a hint; pure. */
import { attribute, type Content, type Html, html } from './html.ts';
import type { Session } from './sessions.ts';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  readonly hint?: Content;
}

interface TextField extends Field {
  readonly isRequired?: boolean;
  readonly type?: 'text' | 'password';
  /** Values that the browser offers; any other one is possible. */
  readonly offers?: readonly (readonly [value: string, label: string])[];
  readonly autocomplete?: string;
}

export function textField(field: TextField): Html {
  const { name, value = '', hint, type = 'text', offers, isRequired = false } = field;
  const list = offers === undefined ? undefined : html` list="${name}-offers"`;
  const described = hint === undefined ? undefined : html` aria-describedby="${name}-hint"`;
  return html`<div class="field"><label for="${name}">${field.label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" spellcheck="false"
 autocapitalize="none" autocomplete="${field.autocomplete ?? 'off'}"${list}${described}${attribute(
   'required',
   isRequired,
 )}>
${offersOf(name, offers)}${hintOf(name, hint)}</div>`;
}

interface NumberField extends Field {
  readonly min: number;
  readonly max: number;
}

export function numberField({ name, label, value = '', hint, min, max }: NumberField): Html {
  const described = hint === undefined ? undefined : html` aria-describedby="${name}-hint"`;
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="number" inputmode="numeric" value="${value}" min="${min}"
 max="${max}" required${described}>
${hintOf(name, hint)}</div>`;
}

interface SelectField extends Field {
  readonly options: readonly (readonly [value: string, label: string])[];
}

export function selectField({ name, label, value, hint, options }: SelectField): Html {
  const described = hint === undefined ? undefined : html` aria-describedby="${name}-hint"`;
  const choices = options.map(
    ([each, text]) =>
      html`<option value="${each}"${attribute('selected', each === value)}>${text}</option>`,
  );
  return html`<div class="field"><label for="${name}">${label}</label>
<select id="${name}" name="${name}"${described}>${choices}</select>
${hintOf(name, hint)}</div>`;
}

interface ChecksField {
  readonly name: string;
  readonly legend: string;
  readonly hint?: Content;
  readonly checked: readonly string[];
  readonly options: readonly (readonly [value: string, label: Content])[];
  readonly type?: 'checkbox' | 'radio';
}

export function checksField({ name, legend, hint, checked, options, ...rest }: ChecksField): Html {
  const boxes = options.map(
    ([value, label]) => html`<label class="check"><input type="${rest.type ?? 'checkbox'}"
 name="${name}" value="${value}"${attribute('checked', checked.includes(value))}> ${label}</label>`,
  );
  return html`<fieldset class="field"><legend>${legend}</legend>${boxes}${hintOf(name, hint)}
</fieldset>`;
}

export const csrfField = ({ token }: Pick<Session, 'token'>): Html =>
  html`<input type="hidden" name="csrf" value="${token}">`;

export const hiddenField = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">`;

const hintOf = (name: string, hint: Content): Content =>
  hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`;

const offersOf = (name: string, offers: TextField['offers']): Content =>
  offers !== undefined &&
  html`<datalist id="${name}-offers">${offers.map(
    ([value, label]) => html`<option value="${value}">${label}</option>`,
  )}</datalist>`;
