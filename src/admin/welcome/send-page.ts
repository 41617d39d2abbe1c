import type { FastifyReply } from 'fastify'
import { CONTENT_SECURITY_POLICY } from './style.ts'

/** Bytes of a form that somebody sends who is not known yet. */
export const FORM_BYTES_MAX = 8_192

export function goHome(reply: FastifyReply, cookies: readonly string[]): FastifyReply {
  return setCookies(reply, cookies).header('cache-control', 'no-store').redirect('/', 303)
}

export function setCookies(reply: FastifyReply, cookies: readonly string[]): FastifyReply {
  // Lines of this one header are added, not replaced.
  for (const cookie of cookies) void reply.header('set-cookie', cookie)
  return reply
}

export function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return (
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('x-content-type-options', 'nosniff')
      // Browsers leave the origin out of a form's request under `no-referrer`, and signing out asks for it.
      .header('referrer-policy', 'same-origin')
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page)
  )
}
