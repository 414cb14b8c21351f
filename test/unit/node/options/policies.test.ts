import { expect, test } from 'vitest';
import { defaultServerOptions, type ServerOptions } from '../../../../src/node/index.ts';
import { chunkBytesMaxOf, tunablesOf } from '../../../../src/node/options/policies.ts';

const MIB = 2 ** 20;

test.each<[Partial<ServerOptions>, object]>([
  [{}, { automove: 1, reassign: 1, crawlerEnabled: 1, maintainer: 1 }],
  [{ noSlabReassign: true }, { automove: 0, reassign: 0, crawlerEnabled: 1, maintainer: 1 }],
  [{ noSlabAutomove: true }, { automove: 0, reassign: 1, crawlerEnabled: 1, maintainer: 1 }],
  [{ noModern: true }, { automove: 0, reassign: 0, crawlerEnabled: 0, maintainer: 0 }],
  [
    { noModern: true, slabReassign: true, lruMaintainer: true, lruCrawler: true },
    { automove: 1, reassign: 1, crawlerEnabled: 1, maintainer: 1 },
  ],
])('the options %j enable the background work %j', (options, tunables) => {
  expect(tunablesOf({ ...defaultServerOptions(), ...options })).toMatchObject(tunables);
});

test.each<[Partial<ServerOptions>, number]>([
  [{}, MIB / 2],
  [{ noModern: true }, MIB],
  [{ noChunkedItems: true }, MIB],
  [{ noChunkedItems: true, maxItemSizeBytes: 2 * MIB }, MIB / 2],
  [{ noChunkedItems: true, slabChunkMaxBytes: 4096 }, 4096],
])('the options %j make chunks of up to %i bytes', (options, bytes) => {
  expect(chunkBytesMaxOf({ ...defaultServerOptions(), ...options })).toBe(bytes);
});
