import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ProductPage } from './catalogue-worker.ts';

/** Rows of the catalogue. */
export const PRODUCTS = 50_000;

/**
 * A product catalogue in a real embedded database (node:sqlite), asked through two connections on
 * threads of their own, as a database server would be. A product page costs milliseconds: nobody
 * has built the index that its aggregates want.
 */
export class Catalogue {
  queries = 0;
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

  /** One product's page. */
  page(id: number): Promise<ProductPage> {
    this.queries++;
    return this.#pool.run(id, { name: 'page' });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
