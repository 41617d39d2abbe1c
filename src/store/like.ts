/*
 * Patterns of SQL's `like`, so that both engines find the same: SQLite knows small and large letters of a–z only, and the
 * collation of our columns makes PostgreSQL do the same.
 */

/** What `lower()` makes of it in the database. */
export function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** For a pattern that ends with `escape '!'`: signs that mean something there stand for themselves. */
export function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, '!$&')
}
