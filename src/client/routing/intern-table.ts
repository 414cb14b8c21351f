/**
 * Keeps one value for each key, up to `countMax` keys; for other keys it makes a value per call.
 */
export class InternTable<V> {
  readonly #values = new Map<string, V>();
  readonly #countMax: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  intern(key: string, make: () => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (this.#values.size < this.#countMax) this.#values.set(key, made);
    return made;
  }
}
