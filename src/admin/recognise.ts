import type { FastifyRequest } from 'fastify'
import { authenticate, workspaceNamed } from './authenticate.ts'
import type { AdminCaller } from './caller.ts'
import { forbidden } from './error.ts'
import type { AdminParts } from './parts.ts'
import { readOrigin } from './read-origin.ts'
import type { AdminRoute } from './route.ts'

/** Settles who asks for one endpoint. Throws AB05, AB03 or AB08. */
export interface Recogniser {
  /** Before the body is read, so that strangers cannot make the server work. */
  arrive(request: FastifyRequest): Promise<void>
  /** With the body. */
  settle(request: FastifyRequest): Promise<AdminCaller>
}

export function createRecogniser(route: AdminRoute, parts: AdminParts): Recogniser {
  const callers = new WeakMap<FastifyRequest, AdminCaller>()
  return {
    async arrive(request) {
      const named = workspaceNamed(request, route.path, request.query, request.params)
      const identity = await authenticate(request, named, parts)
      const caller = { ...identity, origin: readOrigin(request, parts.clock.now()) }
      if (!mayChoose(caller, request, named)) requireScope(route, caller)
      callers.set(request, caller)
    },
    async settle(request) {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('A request was settled that had not arrived.')
      const named = workspaceNamed(request, route.path, request.query, request.params)
      if (!mayChoose(caller, request, named)) return caller
      const { workspace_id: inBody } = (request.body ?? {}) as { readonly workspace_id?: unknown }
      const settled =
        typeof inBody === 'string' ? { ...caller, ...(await authenticate(request, inBody, parts)) } : caller
      requireScope(route, settled)
      return settled
    },
  }
}

/** A member of several workspaces may say only in the body which of them is meant. */
function mayChoose(caller: AdminCaller, { method }: FastifyRequest, named: string | undefined): boolean {
  return caller.roles?.organisation === 'member' && named === undefined && method !== 'GET'
}

function requireScope({ scope }: AdminRoute, caller: AdminCaller): void {
  if (scope.length === 0 || scope.some((name) => caller.scopes.has(name))) return
  const who = caller.kind === 'session' ? 'Your role may not do that here' : 'This key may not do that'
  throw forbidden(`${who}: it needs the scope ${scope.join(' or ')}.`)
}
