/** Policies as AWS's IAM writes them, in JSON; pure. */
import { CodedError } from '../../base/index.ts';
import type { Policy } from './policy.ts';

type Statement = Policy[number];

/** Texts of a policy are small; IAM's own bound is 6144. */
export const POLICY_CHARS_MAX = 6144;
const TAG = /^(?:aws|elasticache):ResourceTag\/(.{1,128})$/i;

/**
 * Reads a policy: statements with Effect, Action, Resource, and a Condition on the tags of
 * resources. What is not offered is refused: a rule that is ignored would allow too much.
 * @throws {CodedError} `ERR_POLICY`
 */
export function readPolicy(text: string): Policy {
  if (text.length > POLICY_CHARS_MAX) {
    throw wrong(`it has ${text.length} characters, and ${POLICY_CHARS_MAX} is the most`);
  }
  const document = objectIn(jsonIn(text), 'it');
  onlyMembers(document, ['Version', 'Id', 'Statement'], 'it');
  const given = document['Statement'] ?? [];
  const statements: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (statements.length === 0) throw wrong('it has no Statement');
  return statements.map((each, nth) => statementIn(each, `statement ${nth + 1}`));
}

/** The text of a policy, as `readPolicy` reads it. */
export const policyText = (policy: Policy): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: policy.map(statementFields) });

function statementFields({ effect, actions, resources, tags = {} }: Statement) {
  const conditions = Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
  return {
    Effect: effect,
    Action: actions,
    Resource: resources,
    ...(conditions.length > 0 && { Condition: { StringLike: Object.fromEntries(conditions) } }),
  };
}

function statementIn(value: unknown, where: string): Statement {
  const statement = objectIn(value, where);
  onlyMembers(statement, ['Sid', 'Effect', 'Action', 'Resource', 'Condition'], where);
  const { Effect: effect, Action, Resource, Condition } = statement;
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw wrong(`Effect of ${where} is neither Allow nor Deny`);
  }
  const rule = {
    effect,
    actions: textsIn(Action, `Action of ${where}`),
    resources: textsIn(Resource, `Resource of ${where}`),
  } as const;
  return Condition === undefined ? rule : { ...rule, tags: tagsIn(Condition, where) };
}

function tagsIn(condition: unknown, where: string): Record<string, string> {
  const operators = objectIn(condition, `Condition of ${where}`);
  onlyMembers(operators, ['StringLike', 'StringEquals'], `Condition of ${where}`);
  const found = Object.entries(operators).flatMap(([operator, wanted]) =>
    Object.entries(objectIn(wanted, `${operator} of ${where}`)).map(([name, value]) => {
      const [, key] = TAG.exec(name) ?? [];
      if (key === undefined) {
        throw wrong(`${name} of ${where} is no aws:ResourceTag, and others are not offered`);
      }
      if (typeof value !== 'string') throw wrong(`${name} of ${where} is not one text`);
      if (operator === 'StringEquals' && /[*?]/.test(value)) {
        throw wrong(`${name} of ${where} has * or ?: use StringLike`);
      }
      return [key, value] as const;
    }),
  );
  if (new Set(found.map(([key]) => key)).size < found.length) {
    throw wrong(`a tag is twice in Condition of ${where}`);
  }
  if (found.length === 0) throw wrong(`Condition of ${where} is empty`);
  return Object.fromEntries(found);
}

function textsIn(value: unknown, where: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((each) => typeof each === 'string' && each !== '') as string[];
  if (texts.length > 0 && texts.length === values.length) return texts;
  throw wrong(`${where} is neither a text nor a list of texts`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(`it is no JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function objectIn(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw wrong(`${where} is no object`);
}

function onlyMembers(object: object, names: readonly string[], where: string): void {
  const other = Object.keys(object).find((name) => !names.includes(name));
  if (other !== undefined) throw wrong(`${where} has ${other}, which is not offered`);
}

const wrong = (why: string): CodedError =>
  new CodedError('ERR_POLICY', `The policy cannot be used: ${why}.`);
