import type { ItemId } from '../memory/item-layout.ts';
import type { ItemFacts } from './item-facts.ts';
import { Items } from './items.ts';

/** memcached's `-C`: the items of a store that shows every CAS id as 0. */
export class CaslessItems extends Items {
  override casHigh(_id: ItemId): number {
    return 0;
  }
  override casLow(_id: ItemId): number {
    return 0;
  }
  override read(id: ItemId, into: ItemFacts): void {
    super.read(id, into);
    into.casHigh = 0;
    into.casLow = 0;
  }
}
