/** The database's side of the catalogue: the jobs of its pool. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { workerData } from 'piscina';

export interface ProductPage {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
  readonly rating: number;
  /** How many products of the category are rated better. */
  readonly ratedBetter: number;
  readonly categoryAverageCents: number;
  readonly description: string;
}

const CATEGORIES = 40;
const { file } = workerData as { readonly file: string };
const database = new DatabaseSync(file, { timeout: 5000 });
let pageQuery: StatementSync | undefined;

/** What the catalogue says of a product's price: a rule, so that anyone can check an answer. */
export function priceCentsOf(id: number): number {
  return 199 + ((id * 7919) % 100_000);
}

export function fill(products: number): void {
  database.exec(`CREATE TABLE product (
    id INTEGER PRIMARY KEY, name TEXT, category TEXT, price_cents INTEGER, rating REAL, description TEXT)`);
  const insert = database.prepare('INSERT INTO product VALUES (?, ?, ?, ?, ?, ?)');
  database.exec('BEGIN');
  for (let id = 1; id <= products; id++) {
    const rating = 1 + ((id * 31) % 400) / 100;
    const category = `category-${id % CATEGORIES}`;
    const description = `Product ${id} is described at some length. `.repeat(8);
    insert.run(id, `Product ${id}`, category, priceCentsOf(id), rating, description);
  }
  database.exec('COMMIT');
}

export function page(id: number): ProductPage {
  pageQuery ??= database.prepare(`
    SELECT p.id, p.name, p.category, p.price_cents AS priceCents, p.rating, p.description,
      sum(o.rating > p.rating) AS ratedBetter,
      CAST(avg(o.price_cents) AS INTEGER) AS categoryAverageCents
    FROM product p JOIN product o ON o.category = p.category
    WHERE p.id = ? GROUP BY p.id`);
  const row = pageQuery.get(id);
  if (row === undefined) throw new Error(`The catalogue has no product ${id}.`);
  return { ...row } as unknown as ProductPage;
}
