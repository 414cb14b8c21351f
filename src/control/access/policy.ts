/** What an access key may do; pure. */

/** One rule of a policy. `*` stands for any characters, `?` for one. */
interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Such as `elasticache:Describe*`. */
  readonly actions: readonly string[];
  /** ARNs, such as `arn:aws:elasticache:*:*:cluster:web-*`. */
  readonly resources: readonly string[];
  /** The resource must have these tags; a value may have `*`. */
  readonly tags?: Readonly<Record<string, string>>;
}

export type Policy = readonly Statement[];

/** The key that the first start makes may do everything. */
export const EVERYTHING: Policy = [{ effect: 'Allow', actions: ['*'], resources: ['*'] }];

/** What somebody wants to do. */
interface Access {
  /** Such as `elasticache:CreateCacheCluster`. */
  readonly action: string;
  /** The ARNs that it touches; none: it is about no single resource. */
  readonly resources: readonly Resource[];
}

interface Resource {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Whether a policy allows it: for each resource one statement allows it, and none denies it. */
export function isAllowed(policy: Policy, { action, resources }: Access): boolean {
  const all = resources.length === 0 ? [ANY] : resources;
  return all.every((resource) => {
    const matching = policy.filter((statement) => matches(statement, action, resource));
    return matching.length > 0 && matching.every(({ effect }) => effect === 'Allow');
  });
}

/** A listing: a statement for some resources does not allow it, one for all does. */
const ANY: Resource = { arn: '*', tags: {} };

function matches({ actions, resources, tags }: Statement, action: string, on: Resource): boolean {
  return (
    actions.some((pattern) => like(action.toLowerCase(), pattern.toLowerCase())) &&
    resources.some((pattern) => like(on.arn, pattern)) &&
    Object.entries(tags ?? {}).every(([key, value]) => like(on.tags[key], value))
  );
}

/** Bounded by text × pattern: patterns come from operators, texts from callers. */
function like(text: string | undefined, pattern: string): boolean {
  if (text === undefined) return false;
  let at = 0;
  let of = 0;
  let star = -1;
  let from = 0;
  while (at < text.length) {
    if (pattern[of] === '*') {
      star = of++;
      from = at;
    } else if (pattern[of] === '?' || pattern[of] === text[at]) {
      at++;
      of++;
    } else if (star >= 0) {
      of = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  while (pattern[of] === '*') of++;
  return of === pattern.length;
}
