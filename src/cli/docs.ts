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
    doc: 'Folder to write to; default: the docs folder of this installation.',
  }),
};

/** `slabring docs`: options.md describes the options of the `documented` verbs. */
export function docsVerb(documented: readonly Verb[]): Verb {
  return defineVerb({
    name: 'docs',
    summary: 'write the pages generated from the source (for development of slabring)',
    description:
      'Writes options.md and errors.md from the tables of options and failures in the source.',
    flags: docsFlags,
    examples: [
      { command: 'npm run docs', effect: 'run it after a change of an option or a failure' },
    ],
    async run({ out }, host) {
      const folder = out === '' ? FOLDER : out;
      await writeFile(join(folder, 'options.md'), optionsPage(documented));
      await writeFile(join(folder, 'errors.md'), errorsPage());
      host.out(`wrote options.md and errors.md in ${folder}`);
      return EXIT.ok;
    },
  });
}
