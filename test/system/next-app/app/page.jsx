import { cacheLife, cacheTag } from 'next/cache';

/** A page that is rendered at the build, and again after its tag is revalidated. */
export default async function Page() {
  'use cache';
  cacheLife('max');
  cacheTag('page');
  return <p>{`rendered ${crypto.randomUUID()}`}</p>;
}
