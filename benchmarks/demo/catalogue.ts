import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ProductPage } from './catalogue-worker.ts';

/** How many products the catalogue contains. */
export const PRODUCTS = 50_000;

/**
 * A product catalogue in a real embedded database (node:sqlite). Each connection runs on its own
 * thread, as in a database server. A product page costs milliseconds, because the table has no
 * index for its aggregates.
 */
export class Catalogue {
  queryCount = 0;
  readonly #pool: Piscina;

  private constructor(pool: Piscina) {
    this.#pool = pool;
  }

  /** Creates the database in `file` and fills it. */
  static async create(file: string, connections: number): Promise<Catalogue> {
    const pool = new Piscina({
      filename: fileURLToPath(new URL('./catalogue-worker.ts', import.meta.url)),
      workerData: { file },
      minThreads: connections,
      maxThreads: connections,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    await pool.run(PRODUCTS, { name: 'fill' });
    return new Catalogue(pool);
  }

  /** Queries the page of one product. */
  page(id: number): Promise<ProductPage> {
    this.queryCount++;
    return this.#pool.run(id, { name: 'page' });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
