import { COMPONENTS, refusalsOf, type RefusalStatus } from './openapi-components.ts'
import { toSchema } from './openapi-schema.ts'
import { SESSION_OPERATIONS } from './openapi-sessions.ts'
import { RawReply } from './raw-answer.ts'
import { type AdminRoute, findReader } from './route.ts'

/** An OpenAPI 3.1 document of the endpoints, made from the same schemas that check their requests. */
export function describeRoutes(routes: readonly AdminRoute[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  const names = new Set<string>()
  for (const route of routes) {
    const path = route.path.replaceAll(PARAMETER, '{$1}')
    const item = (paths[path] ??= {})
    const operationId = freeName(nameOperation(route.method, route.path), names)
    item[route.method.toLowerCase()] = { operationId, ...describeRoute(route, findReader(route, routes)) }
  }
  for (const [path, item] of Object.entries(SESSION_OPERATIONS)) paths[path] = { ...paths[path], ...item }
  return {
    openapi: '3.1.0',
    info: { title: 'Portcullis admin API', version },
    servers: [{ url: '/v1' }],
    security: SCHEMES.map((scheme) => ({ [scheme]: [] })),
    paths,
    components: COMPONENTS,
  }
}

const PARAMETER = /:(\w[\w-]*)/g
const SCHEMES = ['key', 'bearer', 'session'] as const

function describeRoute(route: AdminRoute, reader: AdminRoute | undefined) {
  const { method, path, scope, summary, reply } = route
  return {
    tags: [path.split('/').find((part) => part !== '' && part !== 'admin') ?? ''],
    summary,
    description: scope.length === 0 ? 'For everybody who is known.' : `Needs the scope ${scope.join(' or ')}.`,
    // In OpenAPI 3.1 the names may be roles and scopes for any scheme; one of these is enough.
    ...(scope.length > 0 && {
      security: scope.flatMap((name) => SCHEMES.map((scheme) => ({ [scheme]: [name] }))),
    }),
    parameters: [...pathParameters(path), ...queryParameters(route), ...headerParameters(method, reader)],
    ...describeBody(route),
    responses: {
      200: {
        description: 'Done',
        headers: {
          'request-id': { $ref: '#/components/headers/request-id' },
          ...(method === 'GET' && reader !== undefined && { etag: { $ref: '#/components/headers/etag' } }),
        },
        content: describeReply(reply),
      },
      ...refusalsOf(refusalStatuses(method, reader)),
    },
  }
}

function describeReply(reply: AdminRoute['reply']) {
  return reply === RawReply
    ? { '*/*': { schema: { type: 'string', format: 'binary' } } }
    : { 'application/json': { schema: toSchema(reply, 'output') } }
}

/** `PUT /integrations/:slug/models` is `putIntegrationsSlugModels`. */
function nameOperation(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}

/** Portkey has some endpoints under two spellings that differ in a hyphen only. */
function freeName(name: string, taken: Set<string>): string {
  const free = taken.has(name) ? `${name}Again` : name
  taken.add(free)
  return free
}

function refusalStatuses(method: AdminRoute['method'], reader: AdminRoute | undefined): readonly RefusalStatus[] {
  const whenChanging: RefusalStatus[] = method === 'GET' ? [] : [409]
  const whenCompared: RefusalStatus[] = takesTag(method, reader) ? [412] : []
  const whenTried: RefusalStatus[] = method === 'POST' ? [429] : []
  return [400, 401, 403, 404, ...whenChanging, ...whenCompared, ...whenTried, 500]
}

function takesTag(method: AdminRoute['method'], reader: AdminRoute | undefined): boolean {
  return method !== 'GET' && reader !== undefined
}

function describeBody({ body, method }: AdminRoute) {
  if (body === undefined) return {}
  const schema = toSchema(body, 'input')
  const required = method !== 'DELETE' && Array.isArray(schema['required']) && schema['required'].length > 0
  return { requestBody: { required, content: { 'application/json': { schema } } } }
}

function pathParameters(path: string) {
  return [...path.matchAll(PARAMETER)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: AdminRoute) {
  const { properties = {}, required = [] } = toSchema(query, 'input') as {
    properties?: Readonly<Record<string, unknown>>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function headerParameters(method: AdminRoute['method'], reader: AdminRoute | undefined) {
  const names = [
    'workspace',
    'reason',
    ...(method === 'GET' ? [] : ['csrf']),
    ...(takesTag(method, reader) ? ['if-match'] : []),
  ]
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }))
}
