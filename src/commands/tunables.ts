/** Numbers that clients may set while the node runs; all threads see them. */
export interface Tunables {
  get(name: TunableName): number;
  set(name: TunableName, value: number): void;
}
export type TunableName =
  | 'hotPercent'
  | 'warmPercent'
  | 'hotMaxFactor'
  | 'warmMaxFactor'
  | 'automove'
  | 'automoveRatio'
  | 'crawlerSleepUs'
  | 'crawlerToCrawl';
