import { CodedError, fileReason, flag, readRegularFile, text } from '../../base/index.ts';
import type { KeyReply } from '../../control/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { columns } from '../terminal/columns.ts';
import { defineVerb } from '../verb.ts';
import { dataFlag } from './manage.ts';

/** Of a file; a policy has at most 6144 characters. */
const POLICY_BYTES_MAX = 64 * 1024;
const EVERYTHING = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

const keysFlags = {
  data: dataFlag,
  policy: text({
    placeholder: '<file>',
    isCommandLineOnly: true,
    doc: "With add: the file of the policy, in the JSON of AWS's IAM. Without it: everything.",
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** `slabring manage keys` */
export const manageKeysVerb = defineVerb({
  name: 'manage keys',
  summary: 'add, list and remove the access keys of managed clusters',
  description:
    'Adds, lists and removes the access keys that sign the calls of the managed API, and that ' +
    'sign in at its console. The manager may run or not; it knows a change at once. Who may ' +
    'write to its folder may change its keys.\n' +
    'A secret is shown when its key is made, and never again. A policy has statements with ' +
    'Effect, Action and Resource, and a Condition on aws:ResourceTag; what else IAM offers is ' +
    'refused.',
  parameters: ['add|list|remove', '[id]'],
  flags: keysFlags,
  examples: [
    { command: 'slabring manage keys list', effect: 'all keys with their policies' },
    {
      command: 'slabring manage keys add --policy reader.json',
      effect: 'a key that may do what the file says',
    },
    { command: 'slabring manage keys remove AKSR…', effect: 'its calls are refused from now on' },
  ],
  async run(options, host, [action = '', id]) {
    // Other verbs need neither it nor SQLite.
    const { orderKeys } = await import('../../control/index.ts');
    const { data, json } = options;
    if (id !== undefined && action !== 'remove') throw usage(`Unexpected argument "${id}".`);
    if (options.policy !== '' && action !== 'add') throw usage('--policy is only for add.');
    switch (action) {
      case 'add': {
        const policy = options.policy === '' ? EVERYTHING : await policyIn(options.policy);
        return print(await orderKeys(data, { verb: 'add', policy }), json, host);
      }
      case 'list':
        return print(await orderKeys(data, { verb: 'list' }), json, host);
      case 'remove':
        if (id === undefined) throw usage('Name the key: slabring manage keys remove <id>.');
        return print(await orderKeys(data, { verb: 'remove', id }), json, host);
      default:
        throw usage(`There is no action "${action}"; the actions are add, list and remove.`);
    }
  },
});

function print(reply: KeyReply, json: boolean, host: Host): number {
  host.out(json ? JSON.stringify(jsonOf(reply)) : textOf(reply));
  return EXIT.ok;
}

const jsonOf = (reply: KeyReply): object =>
  'keys' in reply
    ? { keys: reply.keys.map(({ id, policy }) => ({ id, policy: JSON.parse(policy) as unknown })) }
    : reply;

function textOf(reply: KeyReply): string {
  if ('removed' in reply) return `${reply.removed}: removed`;
  if ('added' in reply) {
    const { id, secret } = reply.added;
    return (
      'The secret of this access key is shown only now:\n\n' +
      `  export AWS_ACCESS_KEY_ID=${id}\n  export AWS_SECRET_ACCESS_KEY=${secret}`
    );
  }
  if (reply.keys.length === 0) return 'There is no access key: the next start makes one.';
  return columns(reply.keys.map(({ id, policy }) => [id, policy]));
}

async function policyIn(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, POLICY_BYTES_MAX)).bytes.toString();
  } catch (cause) {
    const why = fileReason(cause, path, 'read');
    throw new CodedError('ERR_POLICY', `The policy ${path} cannot be read: ${why}.`, { cause });
  }
}

const usage = (message: string): CodedError => new CodedError('ERR_USAGE', message);
