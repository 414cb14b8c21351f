/** What the catalogue says of a product's price: a rule, so that anyone can check an answer. */
export function priceCentsOf(id: number): number {
  return 199 + ((id * 7919) % 100_000);
}
