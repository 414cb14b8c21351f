import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from '../base/index.ts';
import { errorsPage } from './errors-page.ts';
import { EXIT } from './exit-codes.ts';
import { optionsPage } from './options-page.ts';
import { defineVerb, type Verb } from './verb.ts';

const FOLDER = fileURLToPath(new URL('../../docs/', import.meta.url));

const docsFlags = {
  out: text({
    placeholder: '<folder>',
    doc: 'Folder to write to; the docs of this installation unless given.',
  }),
};

/** `slabring docs`: `documented` are the verbs whose options the page shows. */
export function docsVerb(documented: readonly Verb[]): Verb {
  return defineVerb({
    name: 'docs',
    summary: 'write the pages that follow the source (for work on slabring itself)',
    about: 'Writes options.md and errors.md from the tables of options and failures in the source.',
    flags: docsFlags,
    examples: [{ command: 'npm run docs', does: 'after an option or a failure changed' }],
    async run({ out }, host) {
      const folder = out === '' ? FOLDER : out;
      await writeFile(join(folder, 'options.md'), optionsPage(documented));
      await writeFile(join(folder, 'errors.md'), errorsPage());
      host.out(`wrote options.md and errors.md in ${folder}`);
      return EXIT.ok;
    },
  });
}
