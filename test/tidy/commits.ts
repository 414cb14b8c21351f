/** Words that end as a past tense or a gerund do, and are imperatives. */
const IMPERATIVES =
  /^(bring|embed|feed|need|ping|proceed|seed|shed|speed|spring|string|swing|wring)$/;
const SUBJECT_COLUMNS_MAX = 72;

/** What is wrong with the subject of a commit; `undefined` if it is `area: imperative summary`. */
export function faultOf(subject: string): string | undefined {
  if ([...subject].length > SUBJECT_COLUMNS_MAX) return `longer than ${SUBJECT_COLUMNS_MAX}`;
  const [, first] = /^[a-z][a-z\d/-]*(?:, [a-z][a-z\d/-]*)*: (\S+)/.exec(subject) ?? [];
  if (first === undefined) return 'not of the form `area: imperative summary`';
  if (subject.endsWith('.')) return 'ends with a full stop';
  if (/^[A-Z][a-z]+$/.test(first)) return 'the summary starts with a capital';
  const isPast = /[a-z](ed|ing)$/.test(first) && !IMPERATIVES.test(first);
  return isPast || /[^s]s$/.test(first) ? `"${first}" is not an imperative` : undefined;
}
