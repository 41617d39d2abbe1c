import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/*
 * Passwords under Argon2id (RFC 9106), stored in the PHC string format together with the costs, so that later versions can
 * raise them. 19 MiB and two passes are what OWASP's cheat sheet on password storage asks for at least (read 2026-11).
 */

const COSTS = { memory: 19_456, passes: 2, parallelism: 1 } as const
const SALT_BYTES = 16
const TAG_BYTES = 32

/** `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`, both in base64 without padding. */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** What is stored in place of a password: never the same twice. Takes about 40 ms, on another thread. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await derive(password, salt, COSTS, TAG_BYTES)
  const { memory, passes, parallelism } = COSTS
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`
}

/**
 * Whether this is the password behind a stored hash. Without one (nobody has that address, or signs in by link alone) it
 * works as long and says no, so that the time tells nothing.
 */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const parsed = PHC.exec(stored ?? DECOY)
  if (parsed === null) throw new Error('A stored password hash is not one of ours.')
  const [, memory, passes, parallelism, salt, tag] = parsed
  const expected = Buffer.from(tag!, 'base64')
  const costs = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const actual = await derive(password, Buffer.from(salt!, 'base64'), costs, expected.length)
  return timingSafeEqual(actual, expected) && stored !== undefined
}

/** The costs of the day over nothing: no password leads to it. */
const DECOY = `$argon2id$v=19$m=${COSTS.memory},t=${COSTS.passes},p=${COSTS.parallelism}$${encode(Buffer.alloc(SALT_BYTES))}$${encode(Buffer.alloc(TAG_BYTES))}`

const deriveKey = promisify(argon2)

/** Keyboards write the same letter in different code points; NFKC makes them one, as RFC 8265 does. */
function derive(password: string, salt: Buffer, costs: Costs, tagBytes: number): Promise<Buffer> {
  return deriveKey('argon2id', { message: password.normalize('NFKC'), nonce: salt, tagLength: tagBytes, ...costs })
}

interface Costs {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
