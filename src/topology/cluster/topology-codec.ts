import { formatAddress, parseAddress } from '../address.ts';
import { TopologyError } from '../topology-error.ts';
import {
  type ClusterTopology,
  MEMBERS_MAX,
  type Member,
  type MemberState,
  REPLICAS_MAX,
  type ReplicationMode,
  STATE_RULES,
  VERSION_MAX,
  WEIGHT_MAX,
} from './cluster-topology.ts';

/** The longest text that is decoded, in UTF-16 units: more than MEMBERS_MAX members need. */
export const TOPOLOGY_TEXT_MAX = 128 * 1024;
/** The format of the text; a node that does not know it must be upgraded. */
const FORMAT = 1;
const NAME_TEXT = /^[\w.-]{1,64}$/;
const ZONE_TEXT = /^[\w.-]{0,64}$/;
const ADDRESS_CHARS_MAX = 262;
/** A wrong value is shown up to this length. */
const QUOTE_CHARS_MAX = 60;
const MODES: readonly ReplicationMode[] = ['sync', 'async'];
const TOPOLOGY_FIELDS = ['format', 'cluster', 'version', 'replicas', 'replication', 'members'];
const MEMBER_FIELDS = ['name', 'address', 'peerAddress', 'weight', 'zone', 'incarnation', 'state'];

type Fields = Readonly<Record<string, unknown>>;

/** The text of a topology: JSON in one line. The members keep their order. */
export function encodeTopology(topology: ClusterTopology): string {
  const { cluster, version, replicas, replication } = topology;
  const members = topology.members.map(
    ({ name, address, peerAddress, weight, zone, incarnation, state }) => {
      return { name, address, peerAddress, weight, zone, incarnation, state };
    },
  );
  return JSON.stringify({ format: FORMAT, cluster, version, replicas, replication, members });
}

/**
 * Decodes what `encodeTopology` returned.
 * @throws {TopologyError} if the text is too long, no such JSON, of another format, or if a field
 * is missing, unknown or out of its bounds.
 */
export function decodeTopology(text: string): ClusterTopology {
  if (text.length > TOPOLOGY_TEXT_MAX) {
    throw malformed(`it has ${text.length} characters, more than ${TOPOLOGY_TEXT_MAX}`);
  }
  const fields = fieldsOf(parse(text), 'it');
  checkFormat(fields);
  checkNames('it', fields, TOPOLOGY_FIELDS);
  const topology: ClusterTopology = {
    cluster: textField(fields, 'cluster', NAME_TEXT),
    version: numberField(fields, 'version', 1, VERSION_MAX),
    replicas: numberField(fields, 'replicas', 1, REPLICAS_MAX),
    replication: choiceField(fields, 'replication', MODES),
    members: listField(fields).map(readMember),
  };
  checkDistinct(topology.members, ['name', 'address', 'peerAddress']);
  return topology;
}

/**
 * Checks a member whose fields come from outside, and returns it without other fields.
 * @throws {TopologyError} if a field is missing, unknown or out of its bounds.
 */
export function readMember(value: unknown): Member {
  const fields = fieldsOf(value, 'a member');
  checkNames('a member', fields, MEMBER_FIELDS);
  return {
    name: textField(fields, 'name', NAME_TEXT),
    address: addressField(fields, 'address'),
    peerAddress: addressField(fields, 'peerAddress'),
    weight: numberField(fields, 'weight', 0, WEIGHT_MAX),
    zone: textField(fields, 'zone', ZONE_TEXT),
    incarnation: numberField(fields, 'incarnation', 1, Number.MAX_SAFE_INTEGER),
    state: choiceField(fields, 'state', Object.keys(STATE_RULES) as readonly MemberState[]),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('it is no JSON');
  }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw malformed(`${what} is no object`);
}

function checkFormat({ format }: Fields): void {
  if (format === FORMAT) return;
  throw malformed(`its format is ${quote(format)}, and this version of slabring reads ${FORMAT}`);
}

function checkNames(what: string, fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw malformed(`${what} has an unknown field ${quote(unknown)}`);
}

function textField(fields: Fields, name: string, form: RegExp): string {
  const value = fields[name];
  if (typeof value === 'string' && form.test(value)) return value;
  throw malformed(`${name} is ${quote(value)}, not letters, digits, ".", "_" or "-"`);
}

function numberField(fields: Fields, name: string, min: number, max: number): number {
  const value = fields[name];
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  if (isWhole && value >= min && value <= max) return value;
  throw malformed(`${name} is ${quote(value)}, not a whole number from ${min} to ${max}`);
}

function choiceField<T extends string>(fields: Fields, name: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === fields[name]);
  if (choice !== undefined) return choice;
  throw malformed(`${name} is ${quote(fields[name])}, not ${choices.join(' or ')}`);
}

function addressField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.length <= ADDRESS_CHARS_MAX && hasPort(value)) {
    return value;
  }
  throw malformed(`${name} is ${quote(value)}, not host:port`);
}

function hasPort(text: string): boolean {
  const address = parseAddress(text);
  return !('path' in address) && address.port !== undefined && formatAddress(address) === text;
}

function listField({ members }: Fields): readonly unknown[] {
  if (!Array.isArray(members)) throw malformed(`members is ${quote(members)}, no list`);
  if (members.length <= MEMBERS_MAX) return members;
  throw malformed(`it has ${members.length} members, more than ${MEMBERS_MAX}`);
}

function checkDistinct(
  members: readonly Member[],
  fields: readonly ('name' | 'address' | 'peerAddress')[],
): void {
  for (const field of fields) {
    const seen = new Set(members.map((member) => member[field]));
    if (seen.size < members.length) throw malformed(`two members have the same ${field}`);
  }
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, QUOTE_CHARS_MAX);
}

function malformed(reason: string): TopologyError {
  return new TopologyError(`The topology of the cluster is invalid: ${reason}.`);
}
