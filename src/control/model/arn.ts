/** Names of resources; pure. */

/** Whose resources these are; the clients of a machine of one's own do not care. */
export const ACCOUNT = '000000000000';

interface Arn {
  /** Such as `cluster`. */
  readonly kind: string;
  readonly id: string;
}

export const arnOf = (region: string, { kind, id }: Arn): string =>
  `arn:aws:elasticache:${region}:${ACCOUNT}:${kind}:${id}`;

const ARN = /^arn:aws(?:-\w+)*:elasticache:[\w-]*:\d*:(\w+):([\w.-]{1,255})$/;

/** Undefined: it is no name of a resource of ElastiCache. */
export function parseArn(text: string): Arn | undefined {
  const [, kind, id] = ARN.exec(text) ?? [];
  return kind === undefined ? undefined : { kind, id: id!.toLowerCase() };
}
