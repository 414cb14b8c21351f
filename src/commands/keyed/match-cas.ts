import type { Request } from '../../protocol/index.ts';
import type { ItemId, ItemStore } from '../../store/index.ts';

/** Whether an opened item has the CAS id of the request. */
export function hasCasOf({ items }: ItemStore, request: Request, id: ItemId): boolean {
  return items.casHigh(id) === request.casHigh && items.casLow(id) === request.casLow;
}

/** As `hasCasOf`, for commands in which the CAS id 0 matches every item. */
export function matchesCas(store: ItemStore, request: Request, id: ItemId): boolean {
  const matchesAll = request.casHigh === 0 && request.casLow === 0;
  return matchesAll || hasCasOf(store, request, id);
}
