/**
 * The reply to `version`: the memcached version whose protocol and replies the node implements. It
 * is a bare version number because clients parse it (npm's memcached from its end).
 */
export const PROTOCOL_VERSION = '1.6.18';
