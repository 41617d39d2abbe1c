import type { AdminCaller } from '../caller.ts'
import { AdminError, forbidden } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import type { AdminRoute } from '../route.ts'

/**
 * The admin API from the inside, in the name of a caller. A file is applied by the same endpoints that scripts use, so that rights, checks and
 * audit are theirs.
 */
export interface AdminClient {
  /** Undefined for what does not exist, or not for this caller. Throws an AdminError for every other refusal. */
  get(path: string): Promise<unknown>
  /** Throws an AdminError when it is refused. */
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown>
  /** What the endpoint would say of this body before it looks at anything else. */
  check(method: 'POST' | 'PUT', path: string, body: object): readonly BodyProblem[]
}

export interface BodyProblem {
  /** Names and numbers that lead to the member. */
  readonly path: readonly PropertyKey[]
  readonly message: string
}

export function createAdminClient(routes: readonly AdminRoute[], caller: AdminCaller, parts: AdminParts): AdminClient {
  return {
    async get(path) {
      try {
        return await ask('GET', path, undefined)
      } catch (error) {
        if (error instanceof AdminError && (error.code === 'AB08' || error.code === 'AB01')) return undefined
        throw error
      }
    },
    send: (method, path, body) => ask(method, path, body),
    check(method, path, body) {
      const found = match(method, path)
      if (found === undefined) return [{ path: [], message: nothingAt(method, path) }]
      return found.route.body?.safeParse(body).error?.issues ?? []
    },
  }

  async function ask(method: AdminRoute['method'], path: string, body: object | undefined): Promise<unknown> {
    const found = match(method, path)
    if (found === undefined) throw new AdminError('AB08', nothingAt(method, path))
    const { route, params, query } = found
    if (!route.scope.some((scope) => caller.scopes.has(scope))) {
      throw forbidden(`${method} ${path}: this key needs the scope ${route.scope.join(' or ')}.`)
    }
    return route.answer({ caller, body, query, params }, parts)
  }

  function match(method: AdminRoute['method'], path: string): Found | undefined {
    const [name = '', search = ''] = path.split('?')
    const query = Object.fromEntries(new URLSearchParams(search))
    const words = name.split('/')
    // The server, too, takes a written path before one with parameters.
    return routes
      .filter((route) => route.method === method)
      .flatMap((route) => {
        const params = paramsOf(route.path.split('/'), words)
        return params === undefined ? [] : [{ route, params, query }]
      })
      .toSorted((one, other) => Object.keys(one.params).length - Object.keys(other.params).length)[0]
  }
}

function nothingAt(method: string, path: string): string {
  return `this version has no ${method} /v1${path.split('?')[0]!}`
}

interface Found {
  readonly route: AdminRoute
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

/** The parameters that make a path of this pattern. */
function paramsOf(pattern: readonly string[], words: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== words.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const word = words[index]!
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(word)
    else if (part !== word) return undefined
  }
  return params
}
