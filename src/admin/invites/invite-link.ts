import { randomBytes } from 'node:crypto'
import type { AdminParts } from '../parts.ts'

/** An invite is open for a week. */
const INVITE_MS = 7 * 24 * 60 * 60 * 1000

/** A new link for an invite, shown once; what is stored is the hash of its token. */
export function makeInviteLink({ keys, clock, publicUrl }: AdminParts) {
  const token = randomBytes(32).toString('base64url')
  return {
    link: `${publicUrl()}/invite?token=${token}`,
    hash: keys.hash(token),
    expiresAt: clock.now() + INVITE_MS,
  }
}
