import { describe, expect, test } from 'vitest';
import { SilenceGuard } from '../../../src/server/sockets/silence-guard.ts';
import { COUNT } from '../../../src/store/index.ts';

const CONNECTIONS_PER_VISIT_MAX = 10_000;

interface FakeConnection {
  readonly slot: number;
  readonly acceptedAt: number;
  closingSince: number | undefined;
  readonly isAnonymous: boolean;
  readonly isIdle: boolean;
  readonly destroy: () => void;
  readonly expel: (reason: string) => void;
}

/** A guard over simulated connections, at a time that the test sets. */
class Scene {
  now = 1000;
  readonly counted: number[] = [];
  readonly closed: string[] = [];
  readonly connections = new Set<FakeConnection>();
  readonly guard: SilenceGuard;

  constructor(options: { idleTimeout: number; loginTimeout: number }) {
    this.guard = new SilenceGuard(options, {
      connections: this.connections,
      table: { lastInputAt: () => 1000 },
      clock: { now: () => this.now },
      refused: () => {},
      counters: { add: (slot) => void this.counted.push(slot) },
    });
  }

  add(facts: { isAnonymous?: boolean; isIdle?: boolean; closingSince?: number } = {}): void {
    const close = (reason: string): void => {
      this.closed.push(reason);
      this.connections.delete(connection);
    };
    const connection: FakeConnection = {
      slot: this.connections.size,
      acceptedAt: 1000,
      closingSince: undefined,
      isAnonymous: false,
      isIdle: true,
      ...facts,
      destroy: () => close('destroyed'),
      expel: close,
    };
    this.connections.add(connection);
  }

  closedAt(now: number): readonly string[] {
    this.now = now;
    // The first visit may only end the round before.
    this.guard.visit();
    this.guard.visit();
    return this.closed.splice(0);
  }
}

describe('the silence guard', () => {
  test('the guard closes idle connections after the limit, and not those at work', () => {
    const scene = new Scene({ idleTimeout: 5, loginTimeout: 10 });
    scene.add();
    scene.add({ isIdle: false });
    expect(scene.closedAt(1005)).toEqual([]);
    expect(scene.closedAt(1006)).toEqual(['idle_timeout']);
    expect(scene.counted).toEqual([COUNT.idle_kicks]);
  });

  test('the guard closes connections without a login after the limit', () => {
    const scene = new Scene({ idleTimeout: 0, loginTimeout: 10 });
    scene.add({ isAnonymous: true });
    scene.add();
    expect(scene.closedAt(1010)).toEqual([]);
    expect(scene.closedAt(1011)).toEqual(['login_timeout']);
    expect(scene.counted).toEqual([COUNT.login_timeouts]);
  });

  test('the guard closes a connection whose client does not close after FIN, after 30 s', () => {
    const scene = new Scene({ idleTimeout: 0, loginTimeout: 0 });
    scene.add({ isIdle: false, closingSince: 1000 });
    expect(scene.closedAt(1030)).toEqual([]);
    expect(scene.closedAt(1031)).toEqual(['destroyed']);
  });

  test('the guard visits a bounded number of connections at a time, and all in turn', () => {
    const scene = new Scene({ idleTimeout: 5, loginTimeout: 0 });
    for (let i = 0; i < CONNECTIONS_PER_VISIT_MAX + 5; i++) scene.add();
    scene.now = 1006;
    scene.guard.visit();
    expect(scene.closed).toHaveLength(CONNECTIONS_PER_VISIT_MAX);
    scene.guard.visit();
    expect(scene.closed).toHaveLength(CONNECTIONS_PER_VISIT_MAX + 5);
  });
});
