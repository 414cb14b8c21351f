/**
 * What `version` answers: the memcached whose protocol and replies we speak. It is a bare number,
 * because clients read it as one (npm's memcached from its end).
 */
export const PROTOCOL_VERSION = '1.6.18';
