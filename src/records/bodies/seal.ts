import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import zlib from 'node:zlib'

/*
 * How content lies on its shelf: compressed, then sealed with AES-256-GCM under the key of its chapter. A chapter's key is
 * drawn when the chapter begins and seals each number of each kind once, so that number is the nonce (NIST SP 800-38D 8.2.1
 * asks for no more than that no nonce comes twice under one key). What a seal is of is authenticated with it: bytes that
 * were moved to another place do not open there.
 */

/** What a seal is of. The kinds have nonces of their own. */
export type SealedKind = 'segment' | 'manifest'

export interface SealedPlace {
  readonly kind: SealedKind
  readonly chapter: string
  /** Comes once in its chapter and kind. */
  readonly number: number
}

/** Bytes that do not open: not what was sealed there, or under another key. */
export class BrokenSealError extends Error {
  override readonly name = 'BrokenSealError'
}

export function sealBytes(key: Buffer, place: SealedPlace, bytes: Buffer): Buffer {
  const { codec, packed } = pack(bytes)
  const cipher = createCipheriv(CIPHER, key, nonceOf(place), { authTagLength: TAG_BYTES })
  cipher.setAAD(bindingOf(place, codec))
  return Buffer.concat([Buffer.of(codec), cipher.update(packed), cipher.final(), cipher.getAuthTag()])
}

/** Throws a BrokenSealError. */
export function openBytes(key: Buffer, place: SealedPlace, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const codec = bytes[0]
  if (codec === undefined || bytes.length < 1 + TAG_BYTES) throw new BrokenSealError('A seal is cut short.')
  const decipher = createDecipheriv(CIPHER, key, nonceOf(place), { authTagLength: TAG_BYTES })
  decipher.setAAD(bindingOf(place, codec))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return unpack(codec, Buffer.concat([decipher.update(bytes.subarray(1, -TAG_BYTES)), decipher.final()]))
  } catch (error) {
    throw new BrokenSealError(`A seal of ${place.kind} ${place.number} does not open.`, { cause: error })
  }
}

/** A chapter's key under that of its workspace. */
export function wrapKey(workspaceKey: Buffer, chapter: string, key: Buffer): Buffer {
  // 96 random bits: NIST SP 800-38D 8.3 allows 2^32 of them under one key.
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, workspaceKey, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(chapter))
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

/** Throws a BrokenSealError. */
export function unwrapKey(workspaceKey: Buffer, chapter: string, wrapped: Uint8Array): Buffer {
  const decipher = createDecipheriv(CIPHER, workspaceKey, wrapped.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(chapter))
  try {
    decipher.setAuthTag(wrapped.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (error) {
    throw new BrokenSealError(`The key of chapter ${chapter} does not open.`, { cause: error })
  }
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

function nonceOf({ kind, number }: SealedPlace): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce[0] = kind === 'segment' ? 1 : 2
  nonce.writeUIntBE(number, NONCE_BYTES - 6, 6)
  return nonce
}

function bindingOf({ kind, chapter, number }: SealedPlace, codec: number): Buffer {
  return Buffer.from(`${kind} ${chapter} ${number} ${codec}`)
}

const PLAIN = 0
const GZIP = 1
const ZSTD = 2

/** Node has zstd since 22.15, and without it gzip comes out within a tenth of its size. Level 3 is zstd's own default. */
function pack(bytes: Buffer): { readonly codec: number; readonly packed: Buffer } {
  if (bytes.length >= PACKED_BYTES_MIN) {
    const zstd = typeof zlib.zstdCompressSync === 'function'
    const packed = zstd ? zlib.zstdCompressSync(bytes) : zlib.gzipSync(bytes)
    if (packed.length < bytes.length) return { codec: zstd ? ZSTD : GZIP, packed }
  }
  return { codec: PLAIN, packed: bytes }
}

const CHUNK_BYTES_MAX = 1024 * 1024

/** So few bytes do not become fewer. */
const PACKED_BYTES_MIN = 64

function unpack(codec: number, packed: Buffer): Buffer {
  if (codec === PLAIN) return packed
  // Room for all of it at once, as a rule: text packs to a third or a quarter, and asking for more room costs as much again.
  const chunkSize = Math.min(Math.max(packed.length * 4, 4_096), CHUNK_BYTES_MAX)
  return codec === ZSTD ? zlib.zstdDecompressSync(packed, { chunkSize }) : zlib.gunzipSync(packed, { chunkSize })
}
