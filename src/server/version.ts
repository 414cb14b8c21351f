/** What `version` answers: the memcached whose protocol and replies we speak, and our own number. */
export const PROTOCOL_VERSION = '1.6.18-slabring-0.1.0';
