import { hiddenField, textField } from '../fields.ts';
import { alertOf } from '../frame.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';

interface SignInForm {
  readonly token: string;
  readonly needsKey: boolean;
  readonly key?: string | undefined;
  readonly refused?: string | undefined;
}

export function signInPage({ token, needsKey, key, refused }: SignInForm): Html {
  return html`<section class="sign-in">
<h1>Sign in</h1>
${alertOf(refused)}
<form method="post" action="/console/sign-in">
${hiddenField('csrf', token)}
${needsKey ? keyFields(key) : OPEN}
<p class="actions"><button class="primary">${needsKey ? 'Sign in' : 'Continue'}</button></p>
</form>
</section>`;
}

const keyFields = (key: string | undefined): readonly Html[] => [
  textField({
    ...{ name: 'key', label: 'Access key id', value: key, isRequired: true },
    autocomplete: 'username',
  }),
  textField({
    ...{ name: 'secret', label: 'Secret access key', type: 'password', isRequired: true },
    autocomplete: 'current-password',
    hint: 'The first start of slabring manage has shown both.',
  }),
];

const OPEN = html`<p>This console runs with <code>--no-auth</code>: everybody who reaches it may do
everything.</p>`;
