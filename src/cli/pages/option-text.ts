import type { ClientOption, OptionGroup } from '../../client/index.ts';

/** The options that the group declares itself, and not its parent. */
export function ownOptions({ byName, parent }: OptionGroup): [string, ClientOption][] {
  return [...byName].filter(([name, option]) => parent?.byName.get(name) !== option);
}

/** The bounds of an option's values and their unit, `1 … 64 connections`; empty for neither. */
export function limitsText({ bounds, unit }: ClientOption): string {
  return [bounds, unit].filter((text) => text !== undefined).join(' ');
}

/** The default of an option as a program would write it; undefined without a default. */
export function defaultOf({ default: value, defaultNote }: ClientOption): string | undefined {
  if (defaultNote !== undefined || value === undefined) return defaultNote;
  return typeof value === 'string' ? `\`'${value}'\`` : `\`${value}\``;
}
