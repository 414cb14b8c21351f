import type { TlsOptions } from 'node:tls';
import { CodedError, type Logger } from '../base/index.ts';
import {
  type Certificates,
  listenerOptions,
  newTicketKeys,
  readCertificates,
} from '../server/index.ts';
import type { ServerOptions } from './options/server-flags.ts';

/** A leaked key decrypts the sessions of one day only. */
const TICKET_KEY_ROTATION_MS = 24 * 60 * 60 * 1000;

/**
 * Reads the certificates of a node, for another listener of its process.
 * @throws {CodedError} `ERR_CERTIFICATE`.
 */
export async function readTlsOptions(
  options: ServerOptions,
  needsClientCertificate: boolean,
  log?: Logger,
): Promise<TlsOptions> {
  const certificates = { ...(await readCertificates(options, log)), ticketKeys: newTicketKeys() };
  return listenerOptions(options, certificates, needsClientCertificate);
}

/** The certificates of a node, read again on request, and the keys of their session tickets. */
export class NodeCertificates {
  readonly #options: ServerOptions;
  readonly #log: Logger;
  /** Undefined without TLS. */
  #current: Certificates | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onChange: (certificates: Certificates) => Promise<void> = () => Promise.resolve();

  private constructor(options: ServerOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
  }

  /** @throws {CodedError} `ERR_CERTIFICATE`. */
  static async open(options: ServerOptions, log: Logger): Promise<NodeCertificates> {
    const certificates = new NodeCertificates(options, log);
    if (options.enableSsl) {
      const files = await readCertificates(options, log);
      certificates.#current = { ...files, ticketKeys: newTicketKeys() };
    }
    return certificates;
  }

  get current(): Certificates | undefined {
    return this.#current;
  }

  /** Rotates the keys daily, and calls `onChange` with all new certificates, until `close`. */
  watch(onChange: (certificates: Certificates) => Promise<void>): void {
    this.#onChange = onChange;
    if (this.#current === undefined) return;
    this.#timer = setInterval(() => void this.reload({ newKeys: true }), TICKET_KEY_ROTATION_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Reads the certificates again. Resolves once all threads have them, or with the reason why the
   * previous ones stay.
   */
  async reload({ newKeys = false } = {}): Promise<string | undefined> {
    const previous = this.#current;
    if (previous === undefined) return 'TLS not enabled';
    try {
      const files = await readCertificates(this.#options);
      // Another reload may have changed the keys during the read.
      const ticketKeys = newKeys ? newTicketKeys() : (this.#current ?? previous).ticketKeys;
      this.#current = { ...files, ticketKeys: Buffer.from(ticketKeys) };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#log.warn({ code: error.code }, `kept the previous certificates: ${error.message}`);
      return error.message;
    }
    await this.#onChange(this.#current);
    this.#log.info({ file: this.#options.sslChainCert }, 'reloaded the certificates');
    return undefined;
  }
}
