import { basename } from 'node:path';
import {
  CodedError,
  fileReason,
  flag,
  list,
  readRegularFile,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import type { Stack, StackRun, Wish } from '../../control/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { changeSetPage, outputsPage, type ShownStep, stepLine } from '../terminal/apply-page.ts';
import { defineVerb } from '../verb.ts';

const applyFlags = {
  parameter: {
    // A value may have commas.
    ...list({
      placeholder: '<name=value>',
      separator: /(?!)/,
      doc: 'The value of a parameter of the template; may be repeated.',
    }),
    constraint: 'a name, = and a value',
    isCommandLineOnly: true as const,
  },
  stack: text({
    placeholder: '<name>',
    isCommandLineOnly: true,
    doc: 'Name of the stack. Default: the name of the file.',
  }),
  state: text({
    placeholder: '<file>',
    isCommandLineOnly: true,
    doc: 'File that keeps what the stack has. Default: <stack>.stack.json beside the template.',
  }),
  dryRun: flag({ isCommandLineOnly: true, doc: 'Show what would change, and change nothing.' }),
  delete: flag({
    isCommandLineOnly: true,
    doc: 'Delete all that the stack has, as the DeletionPolicy of each resource says.',
  }),
  noRollback: flag({
    isCommandLineOnly: true,
    doc: 'Keep what was made before a step failed; the next run goes on from there.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

type ApplyOptions = ValuesOf<typeof applyFlags>;
type Control = typeof import('../../control/index.ts');

/** `slabring apply` */
export const applyVerb = defineVerb({
  name: 'apply',
  summary: 'make the caches of a CloudFormation template (YAML, JSON, cdk.out) at a manager',
  description:
    'Makes the ElastiCache resources of a CloudFormation template at the manager of ' +
    'AWS_ENDPOINT_URL_ELASTICACHE: it creates, changes in place, replaces and deletes them in ' +
    'the order of their dependencies, and undoes all if a step fails.\n' +
    'What the stack has is in a file beside the template. Other services than ElastiCache are ' +
    'refused.',
  parameters: ['file'],
  flags: applyFlags,
  examples: [
    { command: 'slabring apply cache.yaml --dry-run', effect: 'what would change' },
    { command: 'slabring apply cache.yaml --parameter Nodes=3', effect: 'make it so' },
    { command: 'slabring apply cdk.out/Shop.template.json', effect: 'what CDK has made' },
    { command: 'slabring apply cache.yaml --delete', effect: 'delete the stack' },
  ],
  run: (options, host, [file = '']) => runApply(file, options, host),
});

async function runApply(path: string, options: ApplyOptions, host: Host): Promise<number> {
  // Other verbs need neither it nor SQLite.
  const control = await import('../../control/index.ts');
  const name = options.stack || basename(path).replace(/(?:\.template)?\.\w+$/, '');
  const api = new control.ApiClient(control.accessOf(host.env));
  const file = new control.StackFile(options.state || beside(path, name));
  try {
    const stack = file.read() ?? control.newStack(name, api.endpoint);
    checkEndpoint(stack, api.endpoint);
    const wish = options.delete
      ? undefined
      : await wishOf(control, path, name, api.region, options);
    const steps = wish === undefined ? control.deletions(stack, []) : control.stepsFor(stack, wish);
    if (options.dryRun) {
      host.out(options.json ? JSON.stringify({ stack: name, steps }) : changeSetPage(name, steps));
      return EXIT.ok;
    }
    const progress = (step: ShownStep, text: string): void => host.err(stepLine(step, text));
    const run = new control.StackRun({ calls: control.callsOf(api), file, progress, stack });
    const outputs = await made(run, wish, options.noRollback);
    host.out(
      options.json
        ? JSON.stringify({ stack: name, steps, outputs })
        : outputsPage(name, steps, outputs),
    );
    return EXIT.ok;
  } finally {
    file.close();
  }
}

async function made(run: StackRun, wish: Wish | undefined, keepsFailed: boolean) {
  if (wish === undefined) {
    await run.remove();
    return {};
  }
  await run.apply(wish, { keepsFailed });
  return wish.outputs(run.stack.resources);
}

const beside = (path: string, name: string): string =>
  `${path.slice(0, path.length - basename(path).length)}${name}.stack.json`;

/** Another manager does not have the resources of the file. */
function checkEndpoint(stack: Stack, endpoint: string): void {
  if (stack.endpoint === endpoint) return;
  throw new CodedError(
    'ERR_STACK_FILE',
    `The stack ${stack.name} is at ${stack.endpoint}, and AWS_ENDPOINT_URL_ELASTICACHE is ` +
      `${endpoint}: use another --state for another manager.`,
  );
}

async function wishOf(
  { parseTemplateText, readTemplate, TEMPLATE_BYTES_MAX, Wish: WishClass }: Control,
  path: string,
  name: string,
  region: string,
  { parameter }: ApplyOptions,
): Promise<Wish> {
  let text: string;
  try {
    text = (await readRegularFile(path, TEMPLATE_BYTES_MAX)).bytes.toString('utf8');
  } catch (cause) {
    const reason = fileReason(cause, path, 'read');
    throw new CodedError('ERR_TEMPLATE', `Cannot read ${path}: ${reason}.`, { cause });
  }
  const template = readTemplate(await parseTemplateText(text));
  return new WishClass(template, { name, region, given: givenOf(parameter) });
}

function givenOf(parameters: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parameters.map((each) => {
      const equals = each.indexOf('=');
      if (equals > 0) return [each.slice(0, equals), each.slice(equals + 1)];
      throw new CodedError(
        'ERR_USAGE',
        `--parameter is ${each}; it must be a name, = and a value.`,
      );
    }),
  );
}
