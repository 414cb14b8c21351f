/** A change in two steps: a form, then its plan with a button that does it. */
import { ApiError } from '../../api/errors.ts';
import { csrfField, hiddenField } from '../fields.ts';
import { alertOf } from '../frame.ts';
import { type Html, html } from '../html.ts';
import { planView } from '../plan-view.ts';
import { type Planned, planFor } from '../plans.ts';
import type { View } from '../view.ts';
import { Form } from '../web.ts';
import type { Change } from './change.ts';

/** What a request for a change comes to: a page, or another place. */
export type Outcome =
  | { readonly title: string; readonly body: Html; readonly status: number }
  | { readonly done: string };

interface Place {
  readonly path: string;
  /** Where "Cancel" leads. */
  readonly back: string;
}

/** Fields that are not of the form itself. */
const OWN_FIELDS = ['csrf', 'step', 'confirm'];

/** The form of a change; `query` may have values of it. */
export function changeForm(view: View, change: Change, place: Place, query: Form): Outcome {
  const form = withDefaults(change, query);
  return { title: change.title, status: 200, body: formPage(view, change, place, form) };
}

/** What a form asks for: its plan, another look at the form, or the change itself. */
export async function changeStep(
  view: View,
  change: Change,
  place: Place,
  form: Form,
): Promise<Outcome> {
  const { title } = change;
  const again = (error: string | undefined, status: number): Outcome => ({
    ...{ title, status },
    body: formPage(view, change, place, form, error),
  });
  try {
    if (form.get('step') === 'edit') return again(undefined, 200);
    const whyNot = form.get('step') === 'apply' ? change.whyNot?.(form) : undefined;
    if (form.get('step') !== 'apply' || whyNot !== undefined) {
      return await planned(view, change, place, form, whyNot);
    }
    const { operation, input } = change.request(form);
    view.run(operation, input);
    return { done: input.CacheClusterId.toLowerCase() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return again(error.message, error.status);
  }
}

async function planned(
  view: View,
  change: Change,
  place: Place,
  form: Form,
  whyNot?: string,
): Promise<Outcome> {
  const request = change.request(form);
  const id = request.input.CacheClusterId.toLowerCase();
  // A change that waits is planned as if its time had come.
  const input =
    request.operation === 'ModifyCacheCluster'
      ? { ...request.input, ApplyImmediately: true }
      : request.input;
  const waits = 'ApplyImmediately' in request.input && request.input.ApplyImmediately === false;
  const record = view.preview(request.operation, input, id);
  const plan = await planFor(view, record!);
  const body = planPage(view, { change, place, form, plan, waits, whyNot });
  return { title: change.title, status: whyNot === undefined ? 200 : 400, body };
}

function withDefaults({ defaults }: Change, query: Form): Form {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(defaults)) {
    for (const each of typeof value === 'string' ? [value] : value) {
      fields.append(name, query.get(name) ?? each);
    }
  }
  return new Form(fields.toString());
}

function formPage(view: View, change: Change, place: Place, form: Form, error?: string): Html {
  return html`<section class="form"><h1>${change.title}</h1>
<p class="lead">${change.lead}</p>
${alertOf(error)}
<form method="post" action="${place.path}">
${csrfField(view.session)}
${change.fields(view, form)}
<p class="actions"><button class="primary" name="step" value="plan">Show the plan</button>
<a class="button" href="${place.back}">Cancel</a></p>
</form></section>`;
}

interface PlanPage {
  readonly change: Change;
  readonly place: Place;
  readonly form: Form;
  readonly plan: Planned;
  readonly waits: boolean;
  readonly whyNot: string | undefined;
}

function planPage(view: View, { change, place, form, plan, waits, whyNot }: PlanPage): Html {
  const kept = form.entries.filter(([name]) => !OWN_FIELDS.includes(name));
  const kind = change.isFinal === true ? 'danger' : 'primary';
  return html`<section class="form"><h1>${change.title}</h1>
<p class="lead">This is what will happen.</p>
${alertOf(whyNot)}
${planView(plan)}
${waits && html`<p class="note">It begins in the next maintenance window.</p>`}
<form method="post" action="${place.path}">
${csrfField(view.session)}${kept.map(([name, value]) => hiddenField(name, value))}
${change.confirm}
<p class="actions"><button class="${kind}" name="step" value="apply">${change.verb}</button>
<button name="step" value="edit" formnovalidate>Change the form</button>
<a class="button" href="${place.back}">Cancel</a></p>
</form></section>`;
}
