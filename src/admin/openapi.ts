import { z } from 'zod'
import { ADMIN_ERRORS, AdminErrorBody } from '../contract/errors.ts'
import type { AdminRoute } from './route.ts'

/** An OpenAPI 3.1 document of the endpoints, made from the same schemas that check their requests. */
export function describeRoutes(routes: readonly AdminRoute[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w[\w-]*)/g, '{$1}')
    const item = (paths[path] ??= {})
    item[route.method.toLowerCase()] = describeRoute(route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Portcullis admin API', version },
    servers: [{ url: '/v1' }],
    security: [{ key: [] }, { bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'x-portkey-api-key' },
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'portcullis_session' },
      },
      schemas: { Error: toSchema(AdminErrorBody, 'output') },
    },
  }
}

function describeRoute(route: AdminRoute) {
  return {
    summary: route.summary,
    description: `Needs the scope ${route.scope.join(' or ')}.`,
    parameters: [...pathParameters(route.path), ...queryParameters(route.query)],
    ...(route.body !== undefined && {
      requestBody: { content: { 'application/json': { schema: toSchema(route.body, 'input') } } },
    }),
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: toSchema(route.reply, 'output') } } },
      default: {
        description: `A refusal: ${Object.entries(ADMIN_ERRORS)
          .map(([code, status]) => `${code} (${status})`)
          .join(', ')}`,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function pathParameters(path: string) {
  return [...path.matchAll(/:(\w[\w-]*)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodType) {
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

/** Transforms have no schema of their own; the document shows what goes into them. */
function toSchema(schema: z.ZodType, io: 'input' | 'output') {
  return z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' })
}
