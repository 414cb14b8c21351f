import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/index.ts';
import { peerMachine } from '../../../src/cluster/peers/machine.ts';
import type { PeerService } from '../../../src/cluster/peers/peer-connection.ts';
import type { LinkLimits } from '../../../src/cluster/peers/peer-limits.ts';
import { PeerLink } from '../../../src/cluster/peers/peer-link.ts';
import { PeerListener } from '../../../src/cluster/peers/peer-listener.ts';
import { Frame, KIND, PEER_STATUS } from '../../../src/protocol/peer.ts';
import { echo, HeldRequests, identityOf } from '../../support/peers.ts';
import { freePort } from '../../support/ports.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { waitUntil } from '../../support/wait.ts';

const HOST = '127.0.0.1';
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function listenerOf(service: PeerService, port = 0, log: Logger = silentLogger) {
  const listener = new PeerListener(identityOf('b'), service, { machine: peerMachine(), log });
  opened.push(listener);
  return { listener, port: await listener.listen(HOST, port, true) };
}

function linkTo(port: number, limits: Partial<LinkLimits> = {}, secret?: Buffer): PeerLink {
  const target = { name: 'b', peerAddress: `${HOST}:${port}`, incarnation: 1 };
  const identity = identityOf('a', secret === undefined ? {} : { secret });
  const link = new PeerLink(target, identity, {
    machine: peerMachine(),
    log: silentLogger,
    limits,
  });
  opened.push(link);
  return link;
}

/** The payload of the reply, or the code of the error. */
function ask(link: PeerLink, payload: Buffer): Promise<Buffer | string> {
  return new Promise((resolve) => {
    link.send(KIND.forward, 1, payload, (reply) =>
      resolve(reply instanceof Frame ? reply.copyPayload() : reply.code),
    );
  });
}

describe('peers over sockets', () => {
  test('requests of all sizes come back, many at a time', async () => {
    const { port } = await listenerOf(echo);
    const link = linkTo(port);
    const sizes = [0, 1, 100, 65_536, 65_537, 1_000_000, 5_000_000];
    const payloads = [...sizes, ...Array.from({ length: 3000 }, (_, i) => i % 500)].map((size, i) =>
      Buffer.alloc(size, `${i}`),
    );
    const replies = await Promise.all(payloads.map((payload) => ask(link, payload)));
    for (const [i, reply] of replies.entries()) {
      expect(payloads[i]!.equals(reply as Buffer), `request ${i}`).toBe(true);
    }
    expect([link.waitingCount, link.backlogBytes]).toEqual([0, 0]);
  });
  test('an item of 64 MiB fits into a frame', async () => {
    const { port } = await listenerOf(echo);
    const link = linkTo(port, { replyMs: 60_000 });
    const payload = Buffer.alloc(64 * 1024 * 1024 + 64 * 1024, 'item');
    expect(payload.equals((await ask(link, payload)) as Buffer)).toBe(true);
    expect(link.backlogBytes).toBe(0);
  });
  test('several listeners share a port, and each peer reaches one of them', async () => {
    const first = await listenerOf(echo);
    const second = new PeerListener(identityOf('b'), echo, {
      machine: peerMachine(),
      log: silentLogger,
    });
    opened.push(second);
    expect(await second.listen(HOST, first.port, false)).toBe(first.port);
    const links = Array.from({ length: 40 }, () => linkTo(first.port));
    await Promise.all(links.map((link) => ask(link, Buffer.from('x'))));
    const counts = [first.listener.connections.size, second.connections.size];
    expect(counts[0]! + counts[1]!).toBe(40);
    // 40 connections to one of two listeners: once in 2^39 runs.
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });
  test('the first listener of a node refuses a port that another node has', async () => {
    const port = await freePort();
    await listenerOf(echo, port);
    await expect(listenerOf(echo, port)).rejects.toMatchObject({ code: 'ERR_PORT_TAKEN' });
  });
  test('a peer with another secret is refused, and says why', async () => {
    const { log, texts } = recordingLog();
    const { port } = await listenerOf(echo, 0, log);
    const link = linkTo(port, {}, Buffer.alloc(32, 1));
    expect(await ask(link, Buffer.from('x'))).toBe('ERR_PEER_DOWN');
    expect(link.isUp).toBe(false);
    expect(texts[0]).toMatch(
      /Closed the connection of a peer at .*: it has another cluster secret/,
    );
  });
  test('a link comes back when its peer does', async () => {
    const port = await freePort();
    const link = linkTo(port, { retryMs: 5, retryMsMax: 20 });
    expect(await ask(link, Buffer.from('x'))).toBe('ERR_PEER_DOWN');
    const { listener } = await listenerOf(echo, port);
    await waitUntil('the link is up', () => link.isUp);
    expect(String(await ask(link, Buffer.from('back')))).toBe('back');
    listener.close();
    await waitUntil('the link is down', () => !link.isUp);
    await listenerOf(echo, port);
    await waitUntil('the link is up again', () => link.isUp);
    expect(String(await ask(link, Buffer.from('again')))).toBe('again');
  });
  test('a peer that freezes fails the requests, not the process', async () => {
    const service = new HeldRequests();
    const { port } = await listenerOf(service);
    const link = linkTo(port, { replyMs: 200 });
    await waitUntil('the link is up', () => link.isUp);
    expect(await ask(link, Buffer.from('x'))).toBe('ERR_PEER_TIMEOUT');
    expect(service.held).toHaveLength(1);
  });
  test('a client that talks to the peer port is closed', async () => {
    const { log, texts } = recordingLog();
    const { port, listener } = await listenerOf(echo, 0, log);
    const socket = connect(port, HOST);
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.write('get a\r\nget b\r\nget c\r\n');
    await closed;
    expect(listener.connections.size).toBe(0);
    expect(texts).toHaveLength(1);
  });
  test('a peer that does not read its replies is not read, and gets them later', async () => {
    const big = Buffer.alloc(100_000, 'r');
    let served = 0;
    const service: PeerService = {
      accepts: () => true,
      request: (frame, from) => {
        served++;
        from.reply(frame.id, PEER_STATUS.ok, 1, big);
      },
    };
    const { port, listener } = await listenerOf(service);
    // The link reads nothing while this thread is in a reply; so it asks from one big turn.
    const link = linkTo(port, { replyMs: 60_000 });
    await waitUntil('the link is up', () => link.isUp);
    const replies = await Promise.all(
      Array.from({ length: 2000 }, () => ask(link, Buffer.from('x'))),
    );
    expect(replies.every((reply) => big.equals(reply as Buffer))).toBe(true);
    expect(served).toBe(2000);
    const [connection] = listener.connections;
    expect(connection!.unansweredCount).toBe(0);
  });
});
