/**
 * The cursor of the next page in a `Link` header (RFC 8288); nothing on the last page.
 *
 * Only the cursor is taken, and the address that it stands in is never asked: where requests go is for the manifest to
 * say.
 *
 * @param {string | undefined} header several headers are joined by `, `
 * @returns {string | undefined}
 */
export function nextCursor(header) {
  for (const [, target, parameters] of (header ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    if (!/;\s*rel="?next"?\s*(;|,|$)/i.test(parameters)) continue;
    const cursor = target.match(/[?&]after=([^&#]*)/)?.[1];
    return cursor && decodeURIComponent(cursor);
  }
  return undefined;
}
