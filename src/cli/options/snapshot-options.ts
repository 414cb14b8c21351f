/** The options of the snapshots that a node writes by itself. */
import { CodedError, type Flag, integer, isS3Url, parseS3Url, text } from '../../base/index.ts';

/** The encryption that a dump to S3 asks for. */
export function s3Encryption(what: string): Flag<string> {
  const flag = text({
    placeholder: '<kind>',
    doc: `How S3 encrypts ${what}: AES256, aws:kms or aws:kms:<key id>; else its bucket decides.`,
  });
  return {
    ...flag,
    constraint: 'AES256, aws:kms or aws:kms:<key id>',
    parse: (given) => (ENCRYPTION.test(given) ? given : undefined),
  };
}

const ENCRYPTION = /^(?:AES256|aws:kms(?::[\x21-\x7e]+)?)?$/;

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
const SECONDS_MAX = 365 * UNITS['d']!;

const SECONDS = integer({
  default: 0,
  min: 0,
  max: SECONDS_MAX,
  constraint: 'a time such as 90s, 30m, 6h or 1d, of at most 365d; 0 is never',
  doc:
    'Write a snapshot of all items so often, while the node serves: 90s, 30m, 6h, 1d. It needs ' +
    '--snapshot-to.',
});

const every: Flag<number> = {
  ...SECONDS,
  placeholder: '<time>',
  parse: (given) => {
    const [, digits, unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(given) ?? [];
    return digits === undefined ? undefined : Number(digits) * UNITS[unit]!;
  },
};

export const snapshotFlags = {
  snapshotEvery: every,
  snapshotKeep: integer({
    default: 24,
    min: 1,
    max: 10_000,
    doc: 'How many snapshots stay; the node deletes older ones.',
  }),
  snapshotTo: text({
    placeholder: '<folder>',
    doc:
      'Folder of the snapshots, or s3://bucket/prefix; each node has names of its own in it, by ' +
      'its port, and in a bucket also by the name of its machine.',
  }),
  s3Encryption: s3Encryption('the snapshots'),
};

interface SnapshotValues {
  readonly snapshotEvery: number;
  readonly snapshotTo: string;
}

/** What a single option cannot check; undefined if the options fit. */
export const snapshotRules: readonly ((values: SnapshotValues) => string | undefined)[] = [
  ({ snapshotEvery, snapshotTo }) =>
    snapshotEvery > 0 && snapshotTo === ''
      ? '--snapshot-every needs a folder for the snapshots: add --snapshot-to <folder>.'
      : undefined,
  ({ snapshotTo }) => (isS3Url(snapshotTo) ? problemOf(snapshotTo) : undefined),
];

/** Why the place is none in S3; undefined if it may be one. */
function problemOf(url: string): string | undefined {
  try {
    parseS3Url(url);
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return `--snapshot-to: ${error.message}`;
    throw error;
  }
}
