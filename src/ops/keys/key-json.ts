/** A key in JSON: text, or base64 if it is not UTF-8. */
type KeyJson = { readonly key: string } | { readonly keyBase64: string };

/** A key (latin1, one character for each byte) for programs. */
export function keyJson(key: string): KeyJson {
  const text = utf8Of(key);
  return text === undefined ? { keyBase64: btoa(key) } : { key: text };
}

/** The text of a key (latin1); undefined if it is not UTF-8. */
export function utf8Of(key: string): string | undefined {
  const bytes = Buffer.from(key, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text).equals(bytes) ? undefined : text;
}
