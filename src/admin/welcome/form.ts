import type { FastifyInstance } from 'fastify'

/** Lets a scope read what HTML forms send, as strings by name. Bodies are bounded by each route. */
export function acceptForms(scope: FastifyInstance): void {
  scope.removeContentTypeParser('application/x-www-form-urlencoded')
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) =>
    done(null, new URLSearchParams(String(text))),
  )
}

/** One field of a form; empty when it was not sent. */
export function fieldOf(body: unknown, name: string): string {
  return body instanceof URLSearchParams ? (body.get(name) ?? '') : ''
}
