/** Values made once for each key. So many are remembered; more are made anew each time. */
export class Memo<V> {
  readonly #values = new Map<string, V>();
  readonly #countMax: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get(key: string, make: () => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (this.#values.size < this.#countMax) this.#values.set(key, made);
    return made;
  }
}
