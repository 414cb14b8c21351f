/** Where the bytes of a snapshot come from. */
export type SourcePlace =
  | { readonly kind: 'file'; readonly file: string; readonly isClaimed?: true }
  /** The memory of a ByteRing. */
  | { readonly kind: 'ring'; readonly memory: SharedArrayBuffer };

/** An object of S3; the thread finds credentials by the variables and files of AWS. */
export interface S3Destination {
  readonly kind: 's3';
  readonly url: string;
  /** A word of `--s3-encryption`. */
  readonly encryption: string;
}

/** Where the bytes of a snapshot go. */
export type Place = SourcePlace | S3Destination;
