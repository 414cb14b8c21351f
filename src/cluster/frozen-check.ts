import type { SupervisedNode } from './supervised-node.ts';

/** The supervisor asks each node this often whether it replies. */
const ROUND_MS = 1_000;
/** A round that begins later than this says that the supervisor itself stood still. */
const ROUND_MS_MAX = 2 * ROUND_MS;
/** A node is frozen after this many rounds without a reply, if other nodes hold its keys. */
const SILENT_ROUNDS_MAX = 4;
/** The same if nobody else holds its keys: to wait is better than to lose them. */
const SILENT_ROUNDS_MAX_ALONE = 30;

type CheckedNode = Pick<SupervisedNode, 'name' | 'isUp' | 'facts' | 'killProcess' | 'pid'>;

interface Silence {
  /** Of which process. */
  readonly pid: number | undefined;
  rounds: number;
  isAsked: boolean;
}

/**
 * Kills nodes that do not reply to their supervisor, so that their keys can be given away: a frozen
 * process that is killed answers nothing old when it goes on.
 */
export class FrozenCheck {
  readonly #nodes: () => readonly CheckedNode[];
  readonly #isHeldElsewhere: (name: string) => boolean;
  #silences = new Map<CheckedNode, Silence>();
  #timer: NodeJS.Timeout | undefined;
  #lastRoundMs = 0;

  /** @param isHeldElsewhere whether other nodes hold the keys of the node with this name. */
  constructor(nodes: () => readonly CheckedNode[], isHeldElsewhere: (name: string) => boolean) {
    this.#nodes = nodes;
    this.#isHeldElsewhere = isHeldElsewhere;
  }

  start(): void {
    this.#lastRoundMs = performance.now();
    this.#timer = setInterval(() => this.round(performance.now()), ROUND_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Counts what the nodes owe since the round before, and asks them again. */
  round(nowMs: number): void {
    const wasLate = nowMs - this.#lastRoundMs > ROUND_MS_MAX;
    this.#lastRoundMs = nowMs;
    const before = this.#silences;
    this.#silences = new Map();
    for (const node of this.#nodes()) {
      const known = before.get(node);
      const isSame = known !== undefined && known.pid === node.pid && node.isUp;
      const silence = isSame ? known : { pid: node.pid, rounds: 0, isAsked: false };
      this.#silences.set(node, silence);
      if (node.isUp) this.#check(node, silence, wasLate);
    }
  }

  #check(node: CheckedNode, silence: Silence, wasLate: boolean): void {
    if (silence.isAsked && !wasLate) silence.rounds++;
    const isAlone = !this.#isHeldElsewhere(node.name);
    const roundsMax = isAlone ? SILENT_ROUNDS_MAX_ALONE : SILENT_ROUNDS_MAX;
    if (silence.rounds > roundsMax) node.killProcess();
    else if (!silence.isAsked) void this.#ask(node, silence);
  }

  async #ask(node: CheckedNode, silence: Silence): Promise<void> {
    silence.isAsked = true;
    // A question that times out is asked again, and the rounds go on counting.
    if ((await node.facts()) !== undefined) silence.rounds = 0;
    silence.isAsked = false;
  }
}
