/** Loads the code of S3. Only a snapshot in S3 needs it, and the HTTP client that comes with it. */
export const loadS3 = () => import('./objects.ts');
