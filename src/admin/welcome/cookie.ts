/** The cookie of a person who signed in. Its value is a random token, stored as a hash only. */
export const SESSION_COOKIE = 'portcullis_session'

/** One cookie's value out of a `cookie` header. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** A `set-cookie` line that scripts cannot read and other sites cannot use. A `maxAgeSeconds` of 0 takes the cookie back. */
export function writeCookie(name: string, value: string, maxAgeSeconds: number, secure: boolean): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`
}
