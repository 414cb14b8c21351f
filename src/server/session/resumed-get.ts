import { FIRST_KEY } from './fast-serving.ts';

/** Stands for the fast path in a session that goes on where the fast path has stopped in a get. */
export class ResumedGet {
  at = 0;
  requestsLeft = 0;
  /** The key at which the next request begins. */
  key = FIRST_KEY;

  begin(): void {}

  serve(_input: Buffer, start: number, _end: number, requestsLeft: number): number {
    this.at = start;
    this.requestsLeft = requestsLeft;
    const { key } = this;
    this.key = FIRST_KEY;
    return key;
  }
}
