import { bytes, integer } from '../../base/index.ts';

/** The options that protect a node from clients which are silent. */
export const guardFlags = {
  idleTimeout: integer({
    suboption: 'idle_timeout',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc: 'Close a connection that has sent nothing for this many seconds; 0 means never.',
  }),
  loginTimeout: integer({
    default: 10,
    min: 0,
    max: 3600,
    doc:
      'With -S or -Y: close a connection that has not logged in within this many seconds; 0 ' +
      'means never.',
  }),
  loginAttempts: integer({
    default: 10,
    min: 1,
    max: 1000,
    doc: 'Failed logins, and other text before a login, after which the node closes a connection.',
  }),
  connMemoryBytes: bytes({
    suboption: 'read_buf_mem_limit',
    long: 'conn-memory',
    default: '0',
    min: '0',
    max: '31g',
    bareUnit: 'megabytes',
    doc:
      'Memory for the buffers of all connections together, in megabytes. Beyond it, the node ' +
      'pauses long lines, and closes the connections that hold most. 0 means 64k for each ' +
      'connection of -c, but at most -m and at least 32m.',
  }),
  tlsHandshakes: integer({
    default: 256,
    min: 1,
    max: 65_536,
    doc: 'TLS handshakes in progress, of all threads together; a further one ends the oldest.',
  }),
  tcpKeepalive: integer({
    long: 'tcp-keepalive',
    default: 300,
    min: 0,
    max: 32_767,
    doc:
      'After this many seconds without a packet, the kernel probes whether a client still ' +
      'exists, and else closes its connection; 0 means never.',
  }),
};
