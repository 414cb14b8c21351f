import { collect, isSyntax, nameOf, parse, type Syntax } from './syntax.ts';

/** Words with which a title continues the sentence of its group instead of naming a subject. */
const FRAGMENT_STARTS = new Set(
  [
    'am are is was were be been has have had does do did can could may might must shall should',
    'will would by to of on in at from into and or but also never its it that',
    'accepts allows announces answers applies asks belongs bounds checks chooses closes',
    'collects combines compares connects contains converts copies creates decodes deletes',
    'derives describes differs discards discovers drops enables encodes ends enters evicts',
    'exits expires fails fills finds follows forgets formats gives goes grows hands hashes',
    'hides holds ignores includes keeps knows leaves limits lists loads logs loses makes marks',
    'matches measures moves names needs notifies occurs opens owns parses places polls precedes',
    'prints publishes puts queries reaches reads records refuses rejects releases remembers',
    'removes replaces replies reports resends resolves resumes retries returns runs says sends',
    'serves settles shortens shows skips spare speaks spreads starts stays stops stores',
    'supports takes tells throws touches uses verifies visits waits wakes warns works writes',
  ].flatMap((line) => line.split(' ')),
);

function lacksSubject(title: string): boolean {
  const [first, ...rest] = title.split(' ');
  return FRAGMENT_STARTS.has(first!) || (rest.length === 0 && /^[a-z]+$/i.test(title));
}

/** The literal title of a call of `test`, `test.each(…)` and the like. */
function titleOf(node: Syntax): string | undefined {
  if (node.type !== 'CallExpression') return undefined;
  let callee = node['callee'];
  while (isSyntax(callee) && callee.type !== 'Identifier') {
    callee = callee['callee'] ?? callee['tag'] ?? callee['object'];
  }
  const [title] = node['arguments'] as readonly unknown[];
  if (nameOf(callee) !== 'test' || !isSyntax(title)) return undefined;
  if (title.type === 'Literal') return nameOf(title);
  if (title.type !== 'TemplateLiteral') return undefined;
  const [head] = title['quasis'] as readonly { readonly value: { readonly raw: string } }[];
  return `${head?.value.raw}…`;
}

const titlesIn = (code: string): readonly string[] => collect(parse(code), titleOf);

export const titlesWithoutSubject = (file: string, code: string): readonly string[] =>
  titlesIn(code)
    .filter(lacksSubject)
    .map((title) => `${file} › ${title}`);
