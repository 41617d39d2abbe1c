import { createHash, createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import { maskSecret } from './mask.ts'

/** A key at the only moment at which it is known. */
export interface NewKey {
  /** Shown once, then forgotten. */
  readonly secret: string
  /** By which it is found again. */
  readonly hash: string
  /** What may be shown afterwards. */
  readonly masked: string
}

/** Makes keys, and the hashes under which secrets are stored. */
export interface KeyMaker {
  make(kind: 'organisation-service' | 'workspace-service' | 'workspace-user'): NewKey
  /** The hash under which a secret is stored: a key, or the token of a link or session. Hex. */
  hash(secret: string): string
}

/**
 * `pepper` is the 32-byte key of master-key.ts. Keys are 214 random bits, so one keyed hash is enough: there is nothing
 * to guess, and a stolen table is worth nothing without the pepper.
 */
export function createKeyMaker(pepper: Buffer): KeyMaker {
  const hash = (secret: string) => createHmac('sha256', pepper).update(secret).digest('hex')
  return {
    make(kind) {
      const prefix = kind === 'organisation-service' ? ADMINISTRATOR_PREFIX : WORKSPACE_PREFIX
      let body: string = prefix
      for (let count = 0; count < RANDOM_LENGTH; count++) body += ALPHABET[randomInt(ALPHABET.length)]
      const secret = body + checksum(body)
      return { secret, hash: hash(secret), masked: maskSecret(secret, prefix) }
    },
    hash,
  }
}

/** Whether a string is a key of ours without a slip: the right letters, and the checksum at the end agrees. */
export function isWholeKey(secret: string): boolean {
  if (!KEY_SHAPE.test(secret)) return false
  return secret.endsWith(checksum(secret.slice(0, -CHECKSUM_LENGTH)))
}

/** Compares two hashes in a time that tells nothing about where they differ. */
export function sameHash(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

const WORKSPACE_PREFIX = 'pcl_'
const ADMINISTRATOR_PREFIX = 'pcla_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 36
const CHECKSUM_LENGTH = 4
const KEY_SHAPE = /^pcla?_[0-9A-Za-z]{40}$/

/** Four characters out of SHA-256. It guards against slips of the hand only; the secret is in the rest. */
function checksum(body: string): string {
  let rest = createHash('sha256').update(body).digest().readUInt32BE()
  let text = ''
  for (let count = 0; count < CHECKSUM_LENGTH; count++) {
    text += ALPHABET[rest % ALPHABET.length]
    rest = Math.floor(rest / ALPHABET.length)
  }
  return text
}
