const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Whether only this machine can reach what listens on this host. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
