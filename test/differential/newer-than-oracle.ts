/** An intended difference from memcached 1.6.18: a row of docs/protocol.md. */
export interface KnownDifference {
  /** The first cell of the row in docs/protocol.md. */
  readonly title: string;
  readonly reason: string;
  readonly examples: readonly Example[];
}

export interface Example {
  /** Requests to send on one connection; the store is empty before. */
  readonly request: string;
  readonly ours: string;
  /** Absent if memcached's reply depends on the contents of its memory, or on the clock. */
  readonly theirs?: string;
}

export const BAD_FORMAT = 'CLIENT_ERROR bad command line format\r\n';

/** What memcached has added since 1.6.18, as 1.6.45 does it. */
export const NEWER_THAN_ORACLE: readonly KnownDifference[] = [
  {
    title: 'Meta flags and commands newer than 1.6.18',
    reason:
      'slabring sends the replies of memcached 1.6.45: ' +
      'E, x, C of mg, s of ms, N with MA and MP; mgdump; slabs automove window and freeratio.',
    examples: [
      {
        request: 'ms a 2 E7 c s\r\nhi\r\n',
        ours: 'HD c7 s2\r\n',
        theirs: 'CLIENT_ERROR invalid flag\r\n',
      },
      { request: 'ms a 2 E7\r\nhi\r\nmg a v C7\r\n', ours: 'HD\r\nHD\r\n' },
      {
        request: 'ms a 2 MA N30\r\nhi\r\nmg a v\r\n',
        ours: 'HD\r\nVA 2\r\nhi\r\n',
        theirs: 'NS\r\nEN\r\n',
      },
      {
        request: 'set a 5 0 1\r\nx\r\nmd a x\r\nmg a v f\r\n',
        ours: 'STORED\r\nHD\r\nVA 0 f0\r\n\r\n',
        theirs: 'STORED\r\nCLIENT_ERROR invalid or duplicate flag\r\nVA 1 f5\r\nx\r\n',
      },
      { request: 'lru_crawler mgdump all\r\n', ours: 'OK\r\nEN\r\n', theirs: 'ERROR\r\n' },
      { request: 'slabs automove window 30\r\n', ours: 'OK\r\n', theirs: BAD_FORMAT },
      {
        request: 'slabs automove window 2\r\nslabs automove window 1801\r\n',
        ours: 'CLIENT_ERROR automove window too low or too high\r\n'.repeat(2),
        theirs: BAD_FORMAT.repeat(2),
      },
      { request: 'slabs automove window x\r\n', ours: BAD_FORMAT, theirs: BAD_FORMAT },
      { request: 'slabs automove freeratio 0.2\r\n', ours: 'OK\r\n', theirs: BAD_FORMAT },
      { request: 'slabs automove freeratio x\r\n', ours: 'ERROR\r\n', theirs: BAD_FORMAT },
      { request: 'slabs automove freeratio\r\n', ours: 'ERROR\r\n', theirs: BAD_FORMAT },
    ],
  },
  {
    title: 'ma is quiet when it creates the number',
    reason: 'memcached 1.6.18 ignores the q of such a request; 1.6.45 does not.',
    examples: [
      { request: 'ma n N0 q\r\nmn\r\n', ours: 'MN\r\n', theirs: 'HD\r\nMN\r\n' },
      { request: 'ma n N0 q v k\r\nmn\r\n', ours: 'MN\r\n', theirs: 'VA 1 kn\r\n0\r\nMN\r\n' },
    ],
  },
  {
    title: 'A metadump begins with OK and shows the client flags',
    reason: 'memcached 1.6.45 has both, so that the two dumps have one frame.',
    examples: [
      { request: 'lru_crawler metadump all\r\n', ours: 'OK\r\nEND\r\n', theirs: 'END\r\n' },
    ],
  },
];
