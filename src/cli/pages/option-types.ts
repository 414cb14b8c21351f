import { type ClientOption, OPTION_GROUPS, type OptionGroup } from '../../client/index.ts';
import { wrap } from '../terminal/wrap.ts';
import { defaultOf, limitsText, ownOptions } from './option-text.ts';

const HEAD = `/**
 * \`npm run docs\` generates this file from the tables in \`option-tables\`; a test compares them.
 */
`;
/** The types that each file imports. */
const IMPORTS = {
  'client.ts': `import type { LookupFunction } from 'node:net';
import type { DistributionName, NodeSpec } from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import type { Serializer } from '../base/serializer.ts';
`,
  'calls.ts': '',
  'patterns.ts': `import type { CallOptions, StoreOptions } from './calls.ts';
`,
  'discovery.ts': `import type { ConnectionOptions } from 'node:tls';
import type { NodeSpec } from '../../topology/index.ts';
import type { Resolver } from '../base/resolver.ts';
import type { Login } from './client.ts';
`,
};
type FileName = keyof typeof OPTION_GROUPS;
const COLUMNS_MAX = 100;
const NBSP = '\u00a0';

/**
 * The files of src/client/option-types, with one interface for each group of options: formatted as
 * Biome does.
 */
export function optionTypes(): readonly (readonly [file: FileName, text: string])[] {
  return (Object.keys(OPTION_GROUPS) as FileName[]).map((file) => [file, typesOf(file)]);
}

function typesOf(file: FileName): string {
  const groups: readonly OptionGroup[] = OPTION_GROUPS[file];
  const types = groups.flatMap((group) => [...aliasesOf(group), interfaceOf(group)]);
  return [HEAD + IMPORTS[file], ...types].join('\n').replaceAll(NBSP, ' ');
}

/** The types that have a name of their own: `export type KeyMode = 'refuse' | 'hash'`. */
function aliasesOf(group: OptionGroup): string[] {
  return ownOptions(group).flatMap(([, { alias, type }]) => {
    if (alias?.doc === undefined) return [];
    return [`${comment([alias.doc], '')}\nexport type ${alias.name} = ${type};\n`];
  });
}

function interfaceOf(group: OptionGroup): string {
  const base = group.parent === undefined ? '' : ` extends ${group.parent.typeName}`;
  const head = `${comment([group.doc], '')}\nexport interface ${group.typeName}${base} {`;
  const properties = ownOptions(group).map(([name, option]) => propertyOf(name, option));
  return `${[head, ...properties, '}'].join('\n')}\n`;
}

function propertyOf(name: string, option: ClientOption): string {
  const { isRequired, alias, type } = option;
  const mark = isRequired === true ? '' : '?';
  const property = `  readonly ${name}${mark}: ${alias?.name ?? type};`;
  return `${comment(paragraphsOf(option), '  ')}\n${property}`;
}

function paragraphsOf(option: ClientOption): string[] {
  const limits = limitsText(option);
  const sentence = limits === '' ? '' : ` ${limits[0]!.toUpperCase()}${limits.slice(1)}.`;
  const value = defaultOf(option);
  const paragraphs = value === undefined ? [] : [`@default ${value.replaceAll('`', '')}`];
  // Non-breaking spaces keep the limits on one line.
  return [option.doc + sentence.replaceAll(/(?<=.) /g, NBSP), ...paragraphs];
}

/** A comment on one line if it fits, else each paragraph wrapped. */
function comment(paragraphs: readonly string[], indent: string): string {
  const single = `${indent}/** ${paragraphs.join(' ')} */`;
  if (single.length <= COLUMNS_MAX) return single;
  const lines = paragraphs.flatMap((text) => wrap(text, COLUMNS_MAX - indent.length - 3));
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`].join('\n');
}
