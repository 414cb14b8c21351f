/** The database part of the catalogue: the tasks of its thread pool. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { workerData } from 'piscina';
import { priceCentsOf } from './prices.ts';

export interface ProductPage {
  readonly id: number;
  readonly name: string;
  readonly category: number;
  readonly priceCents: number;
  readonly rating: number;
  /** How many products of the category have a better rating. */
  readonly betterRatedCount: number;
  readonly categoryAverageCents: number;
  readonly description: string;
}

const CATEGORIES = 40;
const { file } = workerData as { readonly file: string };
const database = new DatabaseSync(file, { timeout: 5000 });
let pageQuery: StatementSync | undefined;

export function fill(products: number): void {
  database.exec(`
    CREATE TABLE product (
      id INTEGER PRIMARY KEY, category INTEGER, price_cents INTEGER, rating REAL, name TEXT);
    CREATE TABLE description (product INTEGER PRIMARY KEY, text TEXT)`);
  const insert = database.prepare('INSERT INTO product VALUES (?, ?, ?, ?, ?)');
  const describe = database.prepare('INSERT INTO description VALUES (?, ?)');
  database.exec('BEGIN');
  for (let id = 1; id <= products; id++) {
    const rating = 1 + ((id * 31) % 400) / 100;
    insert.run(id, id % CATEGORIES, priceCentsOf(id), rating, `Product ${id}`);
    describe.run(id, `Product ${id} is described at some length. `.repeat(8));
  }
  database.exec('COMMIT');
}

export function page(id: number): ProductPage {
  pageQuery ??= database.prepare(`
    SELECT p.id, p.name, p.category, p.price_cents AS priceCents, p.rating, d.text AS description,
      sum(o.rating > p.rating) AS betterRatedCount,
      CAST(avg(o.price_cents) AS INTEGER) AS categoryAverageCents
    FROM product p
      JOIN description d ON d.product = p.id
      JOIN product o ON o.category = p.category
    WHERE p.id = ? GROUP BY p.id`);
  const row = pageQuery.get(id);
  if (row === undefined) throw new Error(`The catalogue has no product ${id}.`);
  return { ...row } as unknown as ProductPage;
}
