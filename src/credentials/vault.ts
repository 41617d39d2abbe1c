import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { maskSecret } from './mask.ts'

/** Seals credentials of providers at rest. Each is bound to its integration and its host. */
export interface Vault {
  /** `host` is the origin the credential may travel to, such as `https://api.anthropic.com`. */
  seal(credential: string, integrationId: string, host: string): string
  /** Throws a SealError when the envelope was made for another integration or host, or under another master key. */
  open(sealed: string, integrationId: string, host: string): string
  /** What may be shown. */
  mask(credential: string): string
}

/** An envelope that does not open. Says nothing about what is inside. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/** `sealing` is the 32-byte key of master-key.ts. */
export function createVault(sealing: Buffer): Vault {
  return {
    seal(credential, integrationId, host) {
      // 96 random bits: NIST SP 800-38D 8.3 allows 2^32 envelopes under one key with nonces of this kind.
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, sealing, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(binding(integrationId, host))
      const body = Buffer.concat([cipher.update(credential, 'utf8'), cipher.final()])
      return `${VERSION}.${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64')}`
    },
    open(sealed, integrationId, host) {
      const [version, envelope] = sealed.split('.')
      if (version !== VERSION || envelope === undefined) {
        throw new SealError('The credential was sealed by a newer version of Portcullis.')
      }
      const bytes = Buffer.from(envelope, 'base64')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealError('The sealed credential is damaged.')
      const decipher = createDecipheriv(CIPHER, sealing, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(binding(integrationId, host))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        )
      } catch {
        throw new SealError('The credential does not open: it was sealed for another host or under another master key.')
      }
    },
    mask: (credential) => maskSecret(credential),
  }
}

const VERSION = 'v1'
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Authenticated but not stored: whoever moves an envelope to another row or host has the wrong one. JSON keeps the parts apart. */
function binding(integrationId: string, host: string): Buffer {
  return Buffer.from(JSON.stringify(['provider-credential', integrationId, host]))
}
