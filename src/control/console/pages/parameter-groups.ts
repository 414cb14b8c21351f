/** Parameter groups, and the parameters of one. */
import { ApiError } from '../../api/errors.ts';
import { FAMILIES } from '../../model/engine.ts';
import { csrfField, selectField, textField } from '../fields.ts';
import { alertOf, type Column, table } from '../frame.ts';
import { attribute, type Content, type Html, html } from '../html.ts';
import type { View } from '../view.ts';
import type { Form } from '../web.ts';

/** ModifyCacheParameterGroup takes so many at a time. */
const AT_A_TIME = 20;
const FIELD = 'value-';

interface Group {
  readonly CacheParameterGroupName?: string | undefined;
  readonly CacheParameterGroupFamily?: string | undefined;
  readonly Description?: string | undefined;
}

export function groupsPage(view: View, error?: string, form?: Form): Html {
  const groups = view.all((Marker) => {
    const { CacheParameterGroups: records = [], Marker: marker } = view.run(
      'DescribeCacheParameterGroups',
      { Marker },
    );
    return { records, marker };
  });
  return html`<div class="head"><h1>Parameter groups</h1></div>
${table({ label: 'Parameter groups', columns: columns(view), rows: groups, empty: '' })}
<section class="form"><h2>New parameter group</h2>
${alertOf(error)}
<form method="post" action="/console/parameter-groups">
${csrfField(view.session)}
${textField({ name: 'name', label: 'Name', value: form?.get('name'), isRequired: true })}
${selectField({
  ...{ name: 'family', label: 'Family', value: form?.get('family') ?? FAMILIES.at(-1) },
  options: FAMILIES.toReversed().map((family) => [family, family]),
})}
${textField({ name: 'description', label: 'Description', value: form?.get('description') })}
<p class="actions"><button class="primary">Create group</button></p>
</form></section>`;
}

function columns(view: View): readonly Column<Group>[] {
  const clusters = seenClusters(view);
  return [
    {
      head: 'Group',
      isName: true,
      cell: ({ CacheParameterGroupName: name = '' }) =>
        html`<a href="/console/parameter-groups/${name}">${name}</a>`,
    },
    { head: 'Family', cell: ({ CacheParameterGroupFamily: family }) => family },
    { head: 'Description', cell: ({ Description }) => Description },
    {
      head: 'Clusters',
      isNumber: true,
      cell: ({ CacheParameterGroupName: name }) =>
        clusters.filter(({ parameterGroup }) => parameterGroup === name).length,
    },
  ];
}

/** None, if the access key may not see clusters. */
function seenClusters(view: View) {
  try {
    return view.clusters();
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

interface Parameter {
  readonly ParameterName?: string | undefined;
  readonly ParameterValue?: string | undefined;
  readonly Description?: string | undefined;
  readonly Source?: string | undefined;
  readonly AllowedValues?: string | undefined;
  readonly DataType?: string | undefined;
  readonly IsModifiable?: boolean | undefined;
  readonly ChangeType?: string | undefined;
}

/** @throws {ApiError} `CacheParameterGroupNotFound` */
const parametersOf = (view: View, name: string): readonly Parameter[] =>
  view.all((Marker) => {
    const { Parameters = [], Marker: marker } = view.run('DescribeCacheParameters', {
      ...{ CacheParameterGroupName: name, Marker },
    });
    return { records: Parameters, marker };
  });

export function groupPage(view: View, name: string, notice: Content, form?: Form): Html {
  const isDefault = name.startsWith('default.');
  const rows = parametersOf(view, name);
  const users = seenClusters(view).filter((each) => each.parameterGroup === name);
  const path = `/console/parameter-groups/${name}`;
  const parameters = table({
    label: 'Parameters',
    columns: parameterColumns(isDefault, form),
    rows,
    empty: '',
  });
  return html`<div class="head"><h1>${name}</h1></div>
${notice}
<p class="lead">${usersText(users.map(({ id }) => id))} ${
    isDefault && 'A default group cannot be changed: create one of your own.'
  }</p>
${
  isDefault
    ? parameters
    : html`<form method="post" action="${path}">${csrfField(view.session)}${parameters}
<p class="actions"><button class="primary" name="step" value="save">Save parameters</button>
<button name="step" value="reset" formnovalidate>Reset all</button>
<button class="danger" name="step" value="delete" formnovalidate>Delete group</button></p></form>`
}`;
}

function usersText(ids: readonly string[]): Content {
  if (ids.length === 0) return 'No cluster uses it.';
  const links = ids.map(
    (id, nth) => html`${nth > 0 && ', '}<a href="/console/clusters/${id}">${id}</a>`,
  );
  return html`Used by ${links}.`;
}

function parameterColumns(isDefault: boolean, form?: Form): readonly Column<Parameter>[] {
  return [
    {
      head: 'Parameter',
      isName: true,
      cell: ({ ParameterName: name }) => html`<code>${name}</code>`,
    },
    { head: 'Value', cell: (parameter) => valueCell(parameter, isDefault, form) },
    { head: 'Allowed', cell: ({ AllowedValues: allowed, DataType }) => allowed ?? DataType },
    {
      head: 'Takes effect',
      cell: ({ IsModifiable, ChangeType }) =>
        IsModifiable !== true ? 'fixed' : ChangeType === 'immediate' ? 'at once' : 'with a reboot',
    },
    { head: 'Meaning', cell: ({ Description }) => Description },
  ];
}

function valueCell(parameter: Parameter, isDefault: boolean, form?: Form): Content {
  const { ParameterName: name = '', ParameterValue: value = '', Source: source } = parameter;
  const isOwn = source === 'user';
  if (isDefault || parameter.IsModifiable !== true) {
    return html`<code${isOwn && html` class="own"`}>${value}</code>`;
  }
  const shown = form?.get(FIELD + name) ?? value;
  if (parameter.AllowedValues === '0,1') {
    const options = ['0', '1'].map(
      (each) => html`<option${attribute('selected', each === shown)}>${each}</option>`,
    );
    return html`<select name="${FIELD}${name}" aria-label="${name}">${options}</select>`;
  }
  return html`<input name="${FIELD}${name}" aria-label="${name}" value="${shown}" autocomplete="off"
 spellcheck="false"${isOwn && html` class="own"`}>`;
}

/**
 * Does what a form of a group asks for; returns where to go then.
 * @throws {ApiError}
 */
export function changeGroup(view: View, name: string, form: Form): string {
  const group = { CacheParameterGroupName: name };
  const path = `/console/parameter-groups/${name}`;
  if (form.get('step') === 'delete') {
    view.run('DeleteCacheParameterGroup', group);
    return '/console/parameter-groups';
  }
  if (form.get('step') === 'reset') {
    view.run('ResetCacheParameterGroup', { ...group, ResetAllParameters: true });
    return `${path}?done=reset`;
  }
  const changed = parametersOf(view, name).flatMap(({ ParameterName = '', ParameterValue }) => {
    const value = form.get(FIELD + ParameterName);
    if (value === undefined || value === ParameterValue) return [];
    return [{ ParameterName, ParameterValue: value }];
  });
  if (changed.length > AT_A_TIME) {
    throw new ApiError('InvalidParameterValue', `Change at most ${AT_A_TIME} at a time.`);
  }
  if (changed.length > 0) {
    view.run('ModifyCacheParameterGroup', { ...group, ParameterNameValues: changed });
  }
  return `${path}?done=saved`;
}

/** @throws {ApiError} */
export function createGroup(view: View, form: Form): string {
  const name = form.get('name') ?? '';
  const { CacheParameterGroup: group } = view.run('CreateCacheParameterGroup', {
    CacheParameterGroupName: name,
    CacheParameterGroupFamily: form.get('family') ?? '',
    Description: form.get('description') ?? name,
  });
  return `/console/parameter-groups/${group?.CacheParameterGroupName}`;
}
