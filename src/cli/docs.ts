import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { text } from '../base/index.ts';
import { EXIT } from './exit-codes.ts';
import { optionsPage } from './options-page.ts';
import { defineVerb, type Verb } from './verb.ts';

const PAGE = fileURLToPath(new URL('../../docs/options.md', import.meta.url));

const docsFlags = {
  out: text({
    placeholder: '<file>',
    doc: 'File to write; the docs/options.md of this installation unless given.',
  }),
};

/** `slabring docs`: `documented` are the verbs whose options the page shows. */
export function docsVerb(documented: readonly Verb[]): Verb {
  return defineVerb({
    name: 'docs',
    summary: 'write docs/options.md from the option tables (for work on slabring itself)',
    about: 'Writes the page of all options, docs/options.md, from the option tables in the source.',
    flags: docsFlags,
    examples: [{ command: 'npm run docs', does: 'after an option changed' }],
    async run({ out }, host) {
      const file = out === '' ? PAGE : out;
      await writeFile(file, optionsPage(documented));
      host.out(`wrote ${file}`);
      return EXIT.ok;
    },
  });
}
