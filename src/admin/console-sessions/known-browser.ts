import { randomBytes } from 'node:crypto'
import { sameHash } from '../../credentials/api-key.ts'
import { readCookie, writeCookie } from '../welcome/cookie.ts'

/*
 * Strangers who guess at somebody's password make that address wait, and with it the one whose address it is. A browser from
 * which that person has signed in before carries a cookie that says so, and is counted on its own: nobody can lock out an
 * owner who comes from where they always come from. (OWASP describes it as a device cookie.)
 */

const COOKIE = 'portcullis_browser'
const COOKIE_SECONDS = 365 * 24 * 60 * 60

interface Hasher {
  hash(secret: string): string
}

/** A `set-cookie` line for a browser in which this person has signed in. */
export function markBrowser(keys: Hasher, userId: string, isSecure: boolean): string {
  const nonce = randomBytes(16).toString('base64url')
  return writeCookie(COOKIE, `${nonce}.${seal(keys, userId, nonce)}`, COOKIE_SECONDS, isSecure)
}

/** The name under which this browser is known for this person; undefined for one that never was theirs. */
export function knownBrowser(keys: Hasher, userId: string, cookies: string | undefined): string | undefined {
  const [nonce = '', mark = ''] = (readCookie(cookies, COOKIE) ?? '').split('.')
  return nonce !== '' && sameHash(mark, seal(keys, userId, nonce)) ? nonce : undefined
}

function seal(keys: Hasher, userId: string, nonce: string): string {
  return keys.hash(`browser ${userId} ${nonce}`)
}
