import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { GatewayError } from '../core/errors.ts'
import { header } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'
import { scanTopLevel } from '../core/json.ts'
import { joined } from '../core/pieces.ts'
import { type ModelCall, NO_REPAIRS, type Platform, type Repairs, type Upstream } from '../providers/adapter.ts'
import { type BodyShape, MESSAGES_BODY, type Translation, translate } from '../providers/translation/translate.ts'

const INVOKE: BodyShape = {
  without: ['model', 'stream'],
  extra: { anthropic_version: '"bedrock-2023-05-31"' },
  betasInBody: true,
}
const RAW_PREDICT: BodyShape = {
  without: ['model'],
  extra: { anthropic_version: '"vertex-2023-10-16"' },
  betasInBody: false,
}

/** How a platform's body differs from the Messages API's. */
export const shapeOf = (platform: Platform): BodyShape =>
  platform === 'bedrock-invoke' ? INVOKE : platform === 'vertex' ? RAW_PREDICT : MESSAGES_BODY

/** A request and where it goes, told as shortly as a test wants to. */
export interface Told {
  readonly platform: Platform
  readonly body: unknown
  readonly betas?: string
  readonly model?: string
  readonly repairs?: Partial<Repairs>
  readonly endpoint?: ModelCall['endpoint']
}

/** The call that `told` describes, as the data plane would hand it to an adapter. */
export function callOf({ body, betas, model, repairs, endpoint = 'messages' }: Told): ModelCall {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const name = model ?? (JSON.parse(bytes.toString()) as { model?: string }).model ?? 'claude-opus-5-5'
  return {
    endpoint,
    query: '',
    model: name,
    wireModel: name,
    streaming: true,
    headers: ['anthropic-version', '2023-06-01', ...(betas === undefined ? [] : ['anthropic-beta', betas])],
    body: { bytes, members: scanTopLevel(bytes), compressed: undefined },
    repairs: { ...NO_REPAIRS, ...repairs },
  }
}

/** An account on this platform that allows every model. */
export const upstreamOn = (platform: Platform): Upstream => ({
  providerId: 'provider' as Id<'provider'>,
  slug: 'test',
  kind: 'anthropic',
  platform,
  integrationId: 'integration' as Id<'integration'>,
  origin: 'https://provider.test',
  basePath: '',
  trustedHost: false,
  settings: {},
  credential: () => undefined,
  allows: () => true,
  models: [],
})

/** Translates what is told. */
export const tell = (told: Told): Translation =>
  translate(callOf(told), upstreamOn(told.platform), shapeOf(told.platform))

type Message = Record<string, unknown> & { role: string; content: string | Record<string, unknown>[] }
type Body = Record<string, unknown> & { messages: Message[]; tools?: Record<string, unknown>[] }
/** The body that would be sent. */
export const read = ({ body }: Translation): Body => JSON.parse(joined(body).toString()) as Body
/** The betas that would be sent, in the body or in the header. */
export const betasOf = (translation: Translation): string[] =>
  (read(translation)['anthropic_beta'] as string[] | undefined) ??
  header(translation.headers, 'anthropic-beta')
    ?.split(',')
    .filter((beta) => beta !== '') ??
  []

interface Fixture {
  readonly name: string
  readonly path: string
  readonly betas: string
  readonly body: Body
}

const folder = join(import.meta.dirname, '../../tests/fixtures/claude-code')
/** Requests as Claude Code has sent them. */
export const fixtures: readonly Fixture[] = readdirSync(folder).map((name) => {
  const { path, headers, body } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    path: string
    headers: Record<string, string>
    body: Body
  }
  return { name, path, betas: headers['anthropic-beta'] ?? '', body }
})
/** The first of them whose file name begins so. */
export const fixture = (start: string): Fixture => fixtures.find(({ name }) => name.startsWith(start))!

/** Why the platform cannot serve what `act` asks of it, or nothing if it can. */
export function incapable(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    expect((error as GatewayError).code).toBe('target.incapable')
    return (error as GatewayError).message
  }
}
