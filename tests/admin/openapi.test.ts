import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane, type ControlPlaneOptions } from './harness.ts'
import { addWalkedLog, keepWalkedBodies, walkEveryEndpoint, type Ask, type Told } from './walk.ts'

type Schema = Readonly<Record<string, unknown>>

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name?: string; readonly in?: string; readonly $ref?: string }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<
    Record<string, { readonly $ref?: string; readonly content?: Content; readonly headers?: object }>
  >
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

interface Content {
  readonly 'application/json': { readonly schema: Schema }
  readonly '*/*'?: unknown
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly responses: Readonly<Record<string, { readonly content: Content }>>
    readonly schemas: Readonly<Record<string, Schema>>
  }
}

async function readDocument({ app }: ControlPlane): Promise<Document> {
  return (await app.inject({ url: '/v1/openapi.json' })).json()
}

function operations(document: Document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
}

/**
 * Asks Fastify's own validator, which knows nothing of the library our schemas come from. Returns what is wrong, or
 * undefined.
 */
function createJudge() {
  const app = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false } },
    bodyLimit: 10_000_000,
  })
  app.post('/', async (request) => {
    const { schema, value } = request.body as { readonly schema: Schema; readonly value: unknown }
    const validate = request.compileValidationSchema(schema)
    return { problems: validate(value) ? undefined : validate.errors }
  })
  onTestFinished(() => app.close())
  return async (schema: Schema, value: unknown): Promise<unknown> => {
    const answer = await app.inject({ method: 'POST', url: '/', payload: { schema, value } })
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json<{ readonly problems?: unknown }>().problems
  }
}

/** Takes whatever is posted. */
async function startReceiver(): Promise<string> {
  const app = Fastify()
  app.post('/', async () => ({}))
  onTestFinished(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

async function startFilled(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const plane = await startControlPlane(options)
  await addWalkedLog(plane)
  return plane
}

it(
  'every endpoint takes and answers what the document says, and is asked once at least',
  { timeout: 120_000 },
  async () => {
    const hook = new URL(await startReceiver())
    const plane = await startFilled({ bodies: keepWalkedBodies(), trustedHosts: [hook.host] })
    const document = await readDocument(plane)
    const judge = createJudge()
    const asked = new Set<string>()

    const session = await plane.app.inject({ url: `/signin?token=${plane.signInToken}` })
    const { name, value } = session.cookies[0]!
    const signedInHeaders = {
      cookie: `${name}=${value}`,
      origin: 'http://gateway.example.com',
      'x-portcullis-csrf': '1',
    }

    const ask: Ask = async (endpoint, { params = {}, query = {}, body, reason, signedIn = false } = {}) => {
      const [method = '', pattern = ''] = endpoint.split(' ')
      const operation = document.paths[pattern.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
      expect(operation, endpoint).toBeDefined()
      const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? `no ${name}`))
      const requestSchema = operation!.requestBody?.content['application/json'].schema
      if (body !== undefined)
        expect(await judge(requestSchema ?? { not: {} }, body), `body of ${endpoint}`).toBeUndefined()
      const documented = operation!.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
      for (const name of Object.keys(query)) expect(documented, `query of ${endpoint}`).toContain(name)

      const answer = await plane.app.inject({
        method: method as 'GET',
        url: `/v1${path}?${new URLSearchParams(query).toString()}`,
        headers: {
          ...(signedIn ? signedInHeaders : { 'x-portkey-api-key': ADMIN_KEY }),
          ...(reason !== undefined && { 'x-portcullis-reason': reason }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      expect(answer.statusCode, `${endpoint}: ${answer.body}`).toBe(200)
      const promised = operation!.responses['200']!
      // Bytes as they are can be anything.
      const { 'application/json': json, '*/*': bytes } = promised.content!
      if (bytes === undefined) expect(await judge(json.schema, answer.json()), endpoint).toBeUndefined()
      for (const name of Object.keys(promised.headers ?? {})) expect(answer.headers, endpoint).toHaveProperty(name)
      asked.add(endpoint)
      return answer.json<Told>()
    }
    await walkEveryEndpoint(plane, ask, hook.href)

    const all = ADMIN_ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(all.filter((endpoint) => !asked.has(endpoint))).toEqual([])
  },
)

it('the ways in and out answer what the document says', async () => {
  const plane = await startFilled()
  const document = await readDocument(plane)
  const judge = createJudge()
  const origin = { origin: 'http://gateway.example.com', 'x-portcullis-csrf': '1' }
  const wrong = { email: 'admin@localhost', password: 'not the right one' }
  const cases = [
    { operation: document.paths['/sessions']!['post']!, method: 'POST', url: '/v1/sessions', body: wrong },
    { operation: document.paths['/sessions']!['post']!, method: 'POST', url: '/v1/sessions', body: {} },
    { operation: document.paths['/sessions/current']!['delete']!, method: 'DELETE', url: '/v1/sessions/current' },
  ] as const
  for (const { operation, method, url, ...sent } of cases) {
    const answer = await plane.app.inject({
      method,
      url,
      headers: { ...origin, 'content-type': 'application/json' },
      ...('body' in sent && { payload: JSON.stringify(sent.body) }),
    })
    const promised = operation.responses[String(answer.statusCode)]
    expect(promised, `${method} ${url} ${answer.body}`).toBeDefined()
    const content = promised!.content ?? document.components.responses[String(answer.statusCode)]!.content
    const schema =
      answer.statusCode === 200 ? content['application/json'].schema : document.components.schemas['Error']!
    expect(await judge(schema, answer.json()), `${method} ${url}`).toBeUndefined()
  }
})

it('every endpoint refuses in the way the document says', async () => {
  const plane = await startFilled()
  const document = await readDocument(plane)
  const judge = createJudge()
  const { Error: schema } = document.components.schemas
  const known = [ADMIN_KEY, null, (await plane.newKey(['completions.write'])).key]
  for (const { path, method, operation } of operations(document)) {
    if (SESSIONS.includes(`${method} ${path}`)) continue
    for (const key of known) {
      const answer = await plane.call(
        method as 'GET',
        `${path.replaceAll(/\{\w+\}/g, 'nobody')}?nonsense=1`,
        undefined,
        key,
      )
      const refusal = operation.responses[String(answer.status)]
      expect(refusal?.$ref, `${method} ${path} ${answer.status}`).toBe(`#/components/responses/${answer.status}`)
      expect(await judge(schema!, answer.body), `${method} ${path}`).toBeUndefined()
    }
  }
})

/** They give a cookie and take it back, so they stand outside the list of endpoints. */
const SESSIONS = ['POST /sessions', 'DELETE /sessions/current']

describe('the document', () => {
  it('describes every endpoint and no other, for everybody', async () => {
    const described = operations(await readDocument(await startControlPlane()))
    expect(described.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      [
        ...ADMIN_ROUTES.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
        ...SESSIONS,
      ].toSorted(),
    )
  })

  it('asks of a body what the endpoint asks of it', async () => {
    const document = await readDocument(await startControlPlane())
    const create = document.paths['/integrations']!['post']!.requestBody!
    expect(create).toMatchObject({
      required: true,
      content: {
        'application/json': {
          schema: { type: 'object', additionalProperties: false, required: ['name', 'ai_provider_id'] },
        },
      },
    })
  })

  it('points at nothing that is not there', async () => {
    const document = await readDocument(await startControlPlane())
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, target]) => target!)
    const ours = references.filter((target) => target.startsWith('components/'))
    expect(ours.length).toBeGreaterThan(100)
    for (const target of new Set(ours)) {
      const found = target
        .split('/')
        .reduce<unknown>((place, name) => (place as Readonly<Record<string, unknown>> | undefined)?.[name], document)
      expect(found, target).toBeDefined()
    }
  })

  it('gives every operation a name of its own, and every name in a path a parameter', async () => {
    const all = operations(await readDocument(await startControlPlane()))
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length)
    for (const { path, operation } of all) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      expect(declared, path).toEqual(named)
    }
  })

  it('names the scopes of every endpoint, for each way to say who one is', async () => {
    const document = await readDocument(await startControlPlane())
    for (const { path, method, scope } of ADMIN_ROUTES) {
      const { security } = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!
      if (scope.length === 0) continue
      for (const scheme of ['key', 'bearer', 'session']) {
        const names = (security ?? []).flatMap((each) => each[scheme] ?? [])
        expect(names.toSorted(), `${method} ${path}`).toEqual([...scope].toSorted())
      }
    }
  })

  it('says which changes take a tag: those of what can be read at the same address', async () => {
    const document = await readDocument(await startControlPlane())
    const { put, get } = document.paths['/integrations/{slug}'] as { put: Operation; get: Operation }
    const reference = { $ref: '#/components/parameters/if-match' }
    expect(put.parameters).toContainEqual(reference)
    expect(put.responses).toHaveProperty('412')
    expect(get.parameters).not.toContainEqual(reference)
    expect(get.responses['200']!.headers).toHaveProperty('etag')
    expect(document.paths['/integrations']!['post']!.parameters).not.toContainEqual(reference)
  })
})
