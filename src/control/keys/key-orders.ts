/** What `slabring manage keys` asks for, and its answers; without sockets. */
import { CodedError } from '../../base/index.ts';
import { policyText, readPolicy } from '../access/iam-policy.ts';
import type { StateFile } from '../state/state-file.ts';
import { type NewKey, newKey } from './new-key.ts';

/** More keys than people and programs of one machine need. */
const KEYS_MAX = 1000;

export type KeyOrder =
  /** `policy`: in the JSON of IAM. */
  | { readonly verb: 'add'; readonly policy: string }
  | { readonly verb: 'list' }
  | { readonly verb: 'remove'; readonly id: string };

/** An access key without its secret. */
interface ShownKey {
  readonly id: string;
  /** In the JSON of IAM. */
  readonly policy: string;
}

export type KeyReply =
  | { readonly added: NewKey }
  | { readonly keys: readonly ShownKey[] }
  | { readonly removed: string };

type Keys = Pick<
  StateFile,
  'accessKey' | 'accessKeys' | 'addAccessKey' | 'removeAccessKey' | 'transaction'
>;

/** @throws {CodedError} `ERR_POLICY`, `ERR_NO_KEY` or `ERR_TOO_MANY_KEYS` */
export function executeKeyOrder(order: KeyOrder, keys: Keys): KeyReply {
  switch (order.verb) {
    case 'add': {
      const policy = readPolicy(order.policy);
      const added = newKey();
      keys.transaction(() => {
        if (keys.accessKeys().length >= KEYS_MAX) {
          const text = `There are ${KEYS_MAX} access keys, which is the most: remove one first.`;
          throw new CodedError('ERR_TOO_MANY_KEYS', text);
        }
        keys.addAccessKey({ ...added, policy });
      });
      return { added };
    }
    case 'list':
      return {
        keys: keys.accessKeys().map(({ id, policy }) => ({ id, policy: policyText(policy) })),
      };
    case 'remove': {
      if (keys.accessKey(order.id) === undefined) {
        throw new CodedError('ERR_NO_KEY', `There is no access key ${order.id}.`);
      }
      keys.removeAccessKey(order.id);
      return { removed: order.id };
    }
  }
}

/** Undefined: it is none. */
export function readKeyOrder(line: string): KeyOrder | undefined {
  let order: unknown;
  try {
    order = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof order !== 'object' || order === null || !('verb' in order)) return undefined;
  if (order.verb === 'list') return { verb: 'list' };
  if (order.verb === 'add' && 'policy' in order && typeof order.policy === 'string') {
    return { verb: 'add', policy: order.policy };
  }
  if (order.verb === 'remove' && 'id' in order && typeof order.id === 'string') {
    return { verb: 'remove', id: order.id };
  }
  return undefined;
}
