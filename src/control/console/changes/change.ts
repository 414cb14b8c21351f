import type { InputOf } from '../../api/operation.ts';
import type { OPERATIONS } from '../../api/operations.ts';
import type { Content } from '../html.ts';
import type { View } from '../view.ts';
import type { Form } from '../web.ts';

type Changing =
  | 'CreateCacheCluster'
  | 'ModifyCacheCluster'
  | 'RebootCacheCluster'
  | 'DeleteCacheCluster'
  | 'CreateSnapshot';

type Request = {
  readonly [N in Changing]: {
    readonly operation: N;
    readonly input: InputOf<(typeof OPERATIONS)[N]> & { readonly CacheClusterId: string };
  };
}[Changing];

/** Something that a person may do to a cluster: its form, and the request that follows from it. */
export interface Change {
  readonly title: string;
  /** What the button says that does it. */
  readonly verb: string;
  /** It cannot be undone. */
  readonly isFinal?: boolean;
  readonly lead: Content;
  /** What the form begins with. */
  readonly defaults: Readonly<Record<string, string | readonly string[]>>;
  readonly fields: (view: View, form: Form) => Content;
  /**
   * @throws {ApiError} if the form asks for what cannot be.
   */
  readonly request: (form: Form) => Request;
  /** Fields beside the plan, such as a name to type; and why it is not done yet. */
  readonly confirm?: Content;
  readonly whyNot?: (form: Form) => string | undefined;
}
