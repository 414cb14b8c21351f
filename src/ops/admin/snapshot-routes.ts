/** POST /snapshot/dump and /snapshot/restore: the items of a node, over its admin port. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../../base/index.ts';
import type { NodeControl } from '../../commands/index.ts';
import { packageVersion, type RunGuest } from '../../node/index.ts';
import { COMPRESSIONS, ID_BYTES } from '../snapshot/format.ts';
import { dumpToStream, restoreFromStream } from '../snapshot/snapshot-streams.ts';
import type { ActionInput } from './actions.ts';
import { AdminError } from './admin-error.ts';
import { json, type Reply } from './pages.ts';

/** The largest number of a section in a file. */
const SECTION_MAX = 65_535;

/** The snapshots of a node; one at a time, so that clients notice little of them. */
export class SnapshotRoutes {
  readonly #runGuest: RunGuest;
  readonly #control: Pick<NodeControl, 'cluster'>;
  readonly #node: string;
  #isBusy = false;

  /** `node` is the name of the node in its snapshots. */
  constructor(runGuest: RunGuest, control: Pick<NodeControl, 'cluster'>, node: string) {
    this.#runGuest = runGuest;
    this.#control = control;
    this.#node = node;
  }

  /** Replies with a snapshot: `{ "compression": "zstd", "id": …, "section": … }`. */
  dump(input: ActionInput): Reply {
    const { compression = 'none', id, section } = input;
    const known = COMPRESSIONS.find((each) => each === compression);
    if (known === undefined) {
      throw new AdminError(
        400,
        `The field compression must be one of: ${COMPRESSIONS.join(', ')}.`,
      );
    }
    const name = sectionOf(id, section);
    const order = {
      kind: 'dump',
      compression: known,
      facts: { program: packageVersion(), node: this.#node, options: {} },
      ...(name && { section: name }),
      isAlone: false,
    } as const;
    const stream = (response: ServerResponse): Promise<unknown> =>
      this.#alone(() => dumpToStream(this.#runGuest, order, response));
    if (this.#isBusy) throw busy();
    return { status: 200, type: 'application/octet-stream', body: '', stream };
  }

  /** Restores the body of the request: `?replace=1` also replaces items that the node has. */
  async restore(request: IncomingMessage): Promise<Reply> {
    this.#checkMembers();
    const [, query = ''] = (request.url ?? '').split('?');
    const replaces = new URLSearchParams(query).get('replace') === '1';
    const order = { kind: 'restore', replaces, isAlone: false } as const;
    try {
      const restored = this.#alone(() => restoreFromStream(this.#runGuest, order, request));
      return json(200, await restored);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const headers = { connection: 'close' };
      throw new AdminError(
        error.code.startsWith('ERR_SNAPSHOT') ? 400 : 503,
        error.message,
        headers,
      );
    }
  }

  /** Only the ports for clients give an item to all members that hold its key, and to no other. */
  #checkMembers(): void {
    const view = this.#control.cluster();
    if (view === undefined) return;
    const count = Object.values(view.members).reduce((sum, each) => sum + each, 0);
    if (count === 1) return;
    // A node that joins drops what it should not hold by its first topology.
    const state =
      count === 0
        ? `This node waits to join the cluster ${view.cluster}`
        : `This node is a member of the cluster ${view.cluster}, which has ${count} members`;
    const text =
      `${state}. Restore through the ports for clients: ` +
      'slabring restore <file> --nodes <nodes>.';
    throw new AdminError(409, text, { connection: 'close' });
  }

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw busy();
    this.#isBusy = true;
    try {
      return await run();
    } finally {
      this.#isBusy = false;
    }
  }
}

function busy(): AdminError {
  const text = 'Another dump or restore of this node is running: wait until it has ended.';
  return new AdminError(409, text);
}

function sectionOf(id: unknown, section: unknown) {
  if (id === undefined) return undefined;
  const isId = typeof id === 'string' && new RegExp(`^[0-9a-f]{${2 * ID_BYTES}}$`).test(id);
  const isNumber = Number.isInteger(section) && Number(section) >= 0;
  if (isId && isNumber && Number(section) <= SECTION_MAX) return { id, number: Number(section) };
  throw new AdminError(400, 'The field id takes 16 hexadecimal digits, section a small number.');
}
