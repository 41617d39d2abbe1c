import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { AdminError } from './error.ts'
import { etagOf } from './etag.ts'
import { registerDownloads } from './exports/register-downloads.ts'
import { describeRoutes } from './openapi.ts'
import type { AdminParts } from './parts.ts'
import { readPrecondition } from './precondition.ts'
import { BODY_BYTES_MAX, readBody } from './read-body.ts'
import { RawAnswer, sendRaw } from './raw-answer.ts'
import { createRecogniser } from './recognise.ts'
import { type AdminRoute, type Asked, findReader } from './route.ts'
import { ADMIN_ROUTES } from './routes.ts'
import { registerSessions } from './console-sessions/register-sessions.ts'
import { createSignInByPassword } from './console-sessions/sign-in-by-password.ts'
import { registerWelcome } from './welcome/register-welcome.ts'

/**
 * Mounts the control plane: Portkey's admin API under `/v1`, its OpenAPI document, and the page at `/`. In a scope of its
 * own, so that its body parser and errors do not touch the data plane on the same server.
 */
export function registerAdmin(app: FastifyInstance, parts: AdminParts): void {
  void app.register(async (scope) => {
    acceptJson(scope)
    scope.setErrorHandler((error: FastifyError, request, reply) => {
      const refusal = toAdminError(error, request.routeOptions.bodyLimit)
      if (refusal.code === 'AB04') parts.report(error)
      return refuse(refusal, reply)
    })
    for (const route of ADMIN_ROUTES) mount(scope, route, findReader(route, ADMIN_ROUTES), parts)
    // Made for the first who asks: it takes longer than everything else here.
    let document: ReturnType<typeof describeRoutes> | undefined
    scope.get('/v1/openapi.json', (_request, reply) => {
      document ??= describeRoutes(ADMIN_ROUTES, parts.version)
      return reply.send(document)
    })
    const byPassword = createSignInByPassword(parts)
    registerSessions(scope, byPassword, parts)
    registerWelcome(scope, byPassword, parts)
    registerDownloads(scope, parts)
  })
}

/** `reader` is the endpoint that shows what this one changes. */
function mount(scope: FastifyInstance, route: AdminRoute, reader: AdminRoute | undefined, parts: AdminParts): void {
  const recogniser = createRecogniser(route, parts)
  scope.route({
    method: route.method,
    url: `/v1${route.path}`,
    bodyLimit: route.bodyBytesMax ?? BODY_BYTES_MAX,
    onRequest: (request) => recogniser.arrive(request),
    async handler(request, reply) {
      const caller = await recogniser.settle(request)
      const { body, query, headers } = request
      const asked: Asked = { caller, body, query, params: request.params as Readonly<Record<string, string>> }
      void reply.header('cache-control', 'no-store').header('request-id', caller.origin.requestId)
      if (route.method === 'GET') {
        const shown = await route.answer(asked, parts)
        if (shown instanceof RawAnswer) return sendRaw(shown, headers, reply)
        if (reader !== undefined) void reply.header('etag', etagOf(shown))
        return shown
      }
      const precondition = readPrecondition(headers['if-match'], reader, asked, parts)
      return route.answer({ ...asked, caller: { ...caller, precondition } }, parts)
    },
  })
}

function acceptJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, readBody(String(text)))
    } catch (error) {
      done(error as Error)
    }
  })
  // What the sign-out button sends; it has no fields.
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _text, done) =>
    done(null),
  )
}

/** Portkey's shape for every refusal. */
function refuse(refusal: AdminError, reply: FastifyReply): FastifyReply {
  return reply
    .code(refusal.status)
    .header('cache-control', 'no-store')
    .headers(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': refusal.retryAfterSeconds })
    .send({ success: false, data: { message: refusal.message, errorCode: refusal.code, ...refusal.members } })
}

/** What nobody expected tells the caller nothing of our insides. */
function toAdminError(error: FastifyError, bodyBytesMax: number): AdminError {
  if (error instanceof AdminError) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AdminError('AB01', `The body is larger than ${bodyBytesMax} bytes.`)
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new AdminError('AB01', 'Send the body as content-type: application/json.')
  }
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new AdminError('AB01', 'The request is malformed.')
  return new AdminError('AB04', 'The gateway failed on this request. Try again, then look into its log.')
}
