import { type ClientOption, OPTION_GROUPS, type OptionGroup } from '../../client/index.ts';
import { defaultOf, limitsText, ownOptions } from './option-text.ts';

/** The pages that have tables of the client's options. */
export const PAGES_WITH_OPTIONS = ['client.md', 'patterns.md', 'routing.md'] as const;

const SECTION = /(<!-- options: (\S+) -->\n)[\s\S]*?(<!-- end of options -->)/g;
const TABLE_HEAD = '| option | default | value | meaning |\n|---|---|---|---|';

/** Replaces the table between each pair of markers by the table of the group that they name. */
export function withOptionTables(page: string): string {
  return page.replace(SECTION, (_, start: string, typeName: string, end: string) => {
    return `${start}\n${tableOf(groupNamed(typeName))}\n\n${end}`;
  });
}

function groupNamed(typeName: string): OptionGroup {
  const groups: readonly OptionGroup[] = Object.values(OPTION_GROUPS).flat();
  const group = groups.find((each) => each.typeName.replace(/<.*/, '') === typeName);
  if (group === undefined) throw new Error(`There are no options ${typeName}.`);
  return group;
}

function tableOf(group: OptionGroup): string {
  return [TABLE_HEAD, ...rowsOf(group, '')].join('\n');
}

/** One row for each option, followed by the options of the object that it takes. */
function rowsOf(group: OptionGroup, path: string): string[] {
  return ownOptions(group).flatMap(([name, option]) => {
    const nested = option.group === undefined ? [] : rowsOf(option.group, `${path}${name}.`);
    return [rowOf(path + name, option), ...nested];
  });
}

function rowOf(path: string, option: ClientOption): string {
  const { doc, details, isRequired } = option;
  const meaning = details === undefined ? doc : `${doc} ([details](${details}))`;
  const value = defaultOf(option) ?? (isRequired === true ? 'required' : '–');
  const cells = [`\`${path}\``, value, limitsText(option) || `\`${option.type}\``, meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
