/** What only such a proxy needs. Other nodes load nothing of it. */
export { PlainProxy } from './plain-proxy.ts';
