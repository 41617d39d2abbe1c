import { EventEmitter, once } from 'node:events'
import { header, type HeaderLines } from '../core/headers.ts'
import { asId } from '../core/ids.ts'
import { scanTopLevel } from '../core/json.ts'
import { addressOf } from '../providers/addresses.ts'
import {
  NO_REPAIRS,
  type Adapter,
  type Credential,
  type ModelCall,
  type ProviderKind,
  type ProviderSettings,
  type Signer,
  type Upstream,
} from '../providers/adapter.ts'
import { createHttpTransport } from '../providers/transport.ts'

/** An account with these settings, as the data plane would see it; its host counts as trusted. */
export function accountOf(kind: ProviderKind, settings: ProviderSettings, credential?: Credential): Upstream {
  return {
    ...addressOf(kind, settings),
    providerId: asId('provider_1'),
    slug: 'target',
    kind,
    integrationId: asId('integration_1'),
    trustedHost: true,
    settings,
    credential: () => credential,
    allows: () => true,
    models: [],
  }
}

/** A call with this body, at this account. */
export function callOf(
  adapter: Adapter,
  upstream: Upstream,
  document: Readonly<Record<string, unknown>>,
  change: Partial<Pick<ModelCall, 'endpoint' | 'headers' | 'query'>> = {},
): ModelCall {
  const bytes = Buffer.from(JSON.stringify(document))
  const model = String(document['model'])
  return {
    endpoint: 'messages',
    query: '',
    headers: ['content-type', 'application/json', 'anthropic-version', '2023-06-01'],
    model,
    wireModel: adapter.wireModel(model, upstream).id,
    streaming: document['stream'] === true,
    body: { bytes, members: scanTopLevel(bytes), compressed: undefined },
    repairs: NO_REPAIRS,
    ...change,
  }
}

/** The answer of one call as whoever listens behind the adapter sees it. `broken` when it failed instead of ending. */
export interface CallAnswer {
  readonly status: number | undefined
  readonly headers: HeaderLines
  readonly text: string
  readonly broken: string | undefined
}

/** Makes one call the way the data plane does: adapter, signer, transport, and back through the adapter. */
export async function makeCall(
  { adapter, signer }: { readonly adapter: Adapter; readonly signer: Signer },
  upstream: Upstream,
  call: ModelCall,
): Promise<CallAnswer> {
  const transport = createHttpTransport()
  const signed = await signer.sign(adapter.encode(call, upstream).request, upstream, new AbortController().signal)
  const over = new EventEmitter()
  const ended = once(over, 'over')
  const chunks: Buffer[] = []
  let head: Pick<CallAnswer, 'status' | 'headers'> = { status: undefined, headers: [] }
  let broken: string | undefined
  const handler = {
    sent: () => undefined,
    head: (status: number, headers: HeaderLines) => {
      head = { status, headers }
    },
    chunk: (bytes: Buffer) => void chunks.push(bytes),
    end: () => void over.emit('over'),
    fail: (error: { readonly code: string }) => {
      broken = error.code
      over.emit('over')
    },
  }
  const timeouts = { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000 }
  transport.send(signed, upstream, timeouts, adapter.listen?.(call, upstream, handler) ?? handler)
  await ended
  await transport.close()
  return { ...head, text: Buffer.concat(chunks).toString('utf8'), broken }
}

/** The type and text of an answer in Anthropic's error envelope, with its status. */
export function errorOf({ status, headers, text }: CallAnswer): readonly [number | undefined, string, string] {
  if (header(headers, 'content-type') !== 'application/json') throw new Error(`Not JSON: ${text}`)
  const { type, error } = JSON.parse(text) as { type: string; error: { type: string; message: string } }
  if (type !== 'error') throw new Error(`No error: ${text}`)
  return [status, error.type, error.message]
}
