import { z } from 'zod'
import { listProblems, strict } from '../contract/fields.ts'
import type { AdminCaller } from './caller.ts'
import { invalid } from './error.ts'
import type { AdminParts } from './parts.ts'
import { readSpellings } from './portkey-spellings.ts'

/*
 * An endpoint is a value. The HTTP server mounts it, the OpenAPI document describes it, and tests walk the list of them;
 * none of the three can forget what another one knows.
 */

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Under `/v1`, such as `/providers/:slug`. */
  readonly path: string
  /** One line for the reference. */
  readonly summary: string
  /** A caller needs one of these; where there is none, being known is enough. */
  readonly scope: readonly string[]
  readonly body: z.ZodType | undefined
  readonly query: z.ZodType
  /** Names that its query may have. */
  readonly queryNames: readonly string[]
  readonly reply: z.ZodType
  /** Of the whole body; where nobody says, what is enough for every description of a thing. */
  readonly bodyBytesMax?: number | undefined
  /** Checks body and query (all problems in one `AB01`), then handles the request. */
  answer(asked: Asked, parts: AdminParts): Promise<unknown>
}

/** A request as it came, from a caller that may ask. */
export interface Asked {
  readonly caller: AdminCaller
  readonly body: unknown
  readonly query: unknown
  readonly params: Readonly<Record<string, string>>
}

interface Definition<Path extends string, Body extends z.ZodType, Query extends z.ZodType, Answer> {
  readonly method: AdminRoute['method']
  readonly path: Path
  readonly summary: string
  readonly scope: readonly string[]
  readonly body?: Body
  readonly query?: Query
  readonly reply: z.ZodType<Answer>
  readonly bodyBytesMax?: number
  handle(
    request: {
      readonly caller: AdminCaller
      readonly body: z.output<Body>
      readonly query: z.output<Query>
      readonly params: ParamsOf<Path>
    },
    parts: AdminParts,
  ): Promise<NoInfer<Answer>>
}

/** The names after colons in a path: `/providers/:slug` has a `slug`. */
type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [Key in Name]: string } & ParamsOf<Rest>
  : Path extends `${string}:${infer Name}`
    ? { readonly [Key in Name]: string }
    : unknown

const Empty = strict({})

/** Makes an endpoint of its definition. What it leaves out (body, query) has to stay empty. */
export function route<
  const Path extends string,
  Answer,
  Body extends z.ZodType = typeof Empty,
  Query extends z.ZodType = typeof Empty,
>(definition: Definition<Path, Body, Query, Answer>): AdminRoute {
  const { method, path, summary, scope, reply } = definition
  const body: z.ZodType = definition.body ?? Empty
  const query: z.ZodType = definition.query ?? Empty
  const queryNames = namesOf(query)
  const bodyNames = namesOf(body)
  return {
    method,
    path,
    summary,
    scope,
    reply,
    query,
    queryNames,
    body: definition.body,
    bodyBytesMax: definition.bodyBytesMax,
    async answer(asked, parts) {
      const readBody = body.safeParse(
        readSpellings(asked.body === undefined ? {} : asked.body, bodyNames, asked.params),
      )
      const readQuery = query.safeParse(readSpellings(asked.query, queryNames, asked.params))
      if (!readBody.success || !readQuery.success) {
        throw invalid(
          [readBody, readQuery].flatMap(({ error }) => (error === undefined ? [] : listProblems(error))).join('\n'),
        )
      }
      return definition.handle(
        {
          caller: asked.caller,
          body: readBody.data as z.output<Body>,
          query: readQuery.data as z.output<Query>,
          // The server fills every name that stands in the path.
          params: asked.params as ParamsOf<Path>,
        },
        parts,
      )
    },
  }
}

function namesOf(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** The endpoint that shows what others change at the same address: it gives a tag, and they take it. */
export function findReader({ path }: AdminRoute, routes: readonly AdminRoute[]): AdminRoute | undefined {
  const sharing = routes.filter((route) => route.path === path)
  const isChanged = sharing.some(({ method }) => method === 'PUT' || method === 'DELETE')
  return isChanged ? sharing.find(({ method }) => method === 'GET') : undefined
}
