import { cacheLife, cacheTag } from 'next/cache';
import { connection } from 'next/server';

async function cachedValue() {
  'use cache: remote';
  cacheLife('max');
  cacheTag('value');
  return crypto.randomUUID();
}

/** A value that is computed at the first request, and again after its tag is revalidated. */
export async function GET() {
  await connection();
  return Response.json({ value: await cachedValue() });
}
