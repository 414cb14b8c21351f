import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag, text } from '../../base/index.ts';
import { errorsPage } from '../pages/errors-page.ts';
import { metricsPage } from '../pages/metrics-page.ts';
import { PAGES_WITH_OPTIONS, withOptionTables } from '../pages/option-sections.ts';
import { optionTypes } from '../pages/option-types.ts';
import { optionsPage } from '../pages/options-page.ts';
import { EXIT } from '../process/exit-codes.ts';
import { defineVerb, type Verb } from '../verb.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/', import.meta.url));
/** Only a repository has these files: an installed package has compiled code. */
const TYPES_FOLDER = fileURLToPath(new URL('../../client/option-types/', import.meta.url));

const OPERATIONS_FILE = 'elasticache-operations.md';

const docsFlags = {
  out: text({
    placeholder: '<folder>',
    doc: 'Folder to write to; default: the docs folder of this installation.',
  }),
  json: flag({ doc: 'Print the names of the pages as JSON.' }),
};

/** `slabring docs`: options.md describes the options of the `documented` verbs. */
export function docsVerb(documented: readonly Verb[]): Verb {
  return defineVerb({
    name: 'docs',
    summary: 'write the pages generated from the source (for development of slabring)',
    description:
      'Writes options.md, errors.md, metrics.md, elasticache-operations.md, the tables of client ' +
      'options in other pages, ' +
      "and the types of the client's options, from the tables of options, failures and metrics.",
    flags: docsFlags,
    examples: [
      { command: 'npm run docs', effect: 'run it after a change of an option or a failure' },
    ],
    async run({ out, json }, host) {
      const folder = out === '' ? FOLDER : out;
      await writeFile(join(folder, 'options.md'), optionsPage(documented));
      await writeFile(join(folder, 'errors.md'), errorsPage());
      await writeFile(join(folder, 'metrics.md'), metricsPage());
      // Other verbs need no managed clusters.
      const { operationsPage } = await import('../pages/operations-page.ts');
      await writeFile(join(folder, OPERATIONS_FILE), operationsPage());
      for (const name of PAGES_WITH_OPTIONS) {
        const page = await readFile(join(FOLDER, name), 'utf8');
        await writeFile(join(folder, name), withOptionTables(page));
      }
      for (const [file, types] of optionTypes()) {
        const path = join(TYPES_FOLDER, file);
        if (existsSync(path)) await writeFile(path, types);
      }
      const pages = [
        ...['options.md', 'errors.md', 'metrics.md', OPERATIONS_FILE],
        ...PAGES_WITH_OPTIONS,
      ];
      host.out(json ? JSON.stringify({ folder, pages }) : `wrote ${pages.join(', ')} in ${folder}`);
      return EXIT.ok;
    },
  });
}
