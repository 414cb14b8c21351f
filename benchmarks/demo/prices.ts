/** The price of a product in the catalogue: a rule, so that every reader can check a page. */
export function priceCentsOf(id: number): number {
  return 199 + ((id * 7919) % 100_000);
}
