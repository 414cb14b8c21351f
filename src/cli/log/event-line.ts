import { encodeLine } from '../../base/index.ts';

const MS_PER_SECOND = 1000;

/**
 * The line of a log for an event of `watch`, such as `ts=1.000002 gid=7 type=item_get key=a …`.
 * Keys stay as the node sends them, in which every odd character is `%XX`. memcached says with
 * `skipped=N` that it dropped events.
 */
export function eventLine(event: string): string {
  const facts = Object.fromEntries(
    event.split(' ').flatMap((word) => {
      const at = word.indexOf('=');
      return at > 0 ? [[word.slice(0, at), numberOr(word.slice(at + 1))] as const] : [];
    }),
  );
  const { ts, type, skipped, ...others } = facts;
  const time = timeOf(ts);
  if (skipped !== undefined) {
    const text = 'events are missing here: this reader, or the node, was too slow';
    return encodeLine({ time, level: 'warn' }, { skipped }, text);
  }
  if (type === undefined) return encodeLine({ time, level: 'info' }, {}, event);
  return encodeLine({ time, level: 'info' }, others, String(type));
}

const numberOr = (text: string): number | string =>
  /^-?\d{1,15}$/.test(text) ? Number(text) : text;

/** The time of the event; now, if it says none. */
function timeOf(ts: number | string | undefined): string {
  const ms = Number(ts) * MS_PER_SECOND;
  const date = new Date(Number.isFinite(ms) ? ms : Number.NaN);
  return Number.isNaN(date.getTime()) ? new Date().toISOString() : date.toISOString();
}
