import { revalidatePath, revalidateTag } from 'next/cache';

export async function POST(request) {
  const { tag, path } = await request.json();
  if (tag !== undefined) revalidateTag(tag, { expire: 0 });
  if (path !== undefined) revalidatePath(path);
  return Response.json({});
}
