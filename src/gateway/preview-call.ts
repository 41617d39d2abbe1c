import { GatewayError } from '../core/errors.ts'
import { newRequestId } from '../core/ids.ts'
import { scanTopLevel } from '../core/json.ts'
import type { Lane, Purse } from '../limits/limit.ts'
import { NO_TRANSCRIPT } from '../records/transcript.ts'
import { describeClient } from './describe-client.ts'
import type { Caller, Kept, Planned, Reply, Route } from './exchange.ts'
import { limitedCall } from './limits/limited-call.ts'
import type { GatewayParts } from './parts.ts'
import { plan } from './stages/plan.ts'

/** Where a call would go, and what would limit it. */
interface CallPreview {
  /** Slug of the config that it would follow. */
  readonly configId: string | undefined
  /** In the order in which they would be tried, those that cannot serve included. */
  readonly targets: readonly PreviewedTarget[]
  /** Why the call would be refused before any target is tried. */
  readonly refusal: Refused | undefined
}

interface PreviewedTarget {
  /** Where it stands in the config. */
  readonly path: string
  /** Undefined for one that cannot serve. */
  readonly serves: Serving | undefined
  /** Why it cannot. */
  readonly refusal: Refused | undefined
}

interface Serving {
  readonly providerId: string
  readonly providerSlug: string
  readonly model: string
  /** As the provider calls it. */
  readonly wireModel: string
  readonly purses: readonly Purse[]
  readonly lanes: readonly Lane[]
}

interface Refused {
  readonly code: string
  readonly message: string
}

export type PreviewParts = Pick<GatewayParts, 'catalogue' | 'configs' | 'providers' | 'clock'> & {
  readonly limits: Pick<GatewayParts['limits'], 'rulebook'>
}

interface AskedCall {
  readonly model: string | undefined
  /** `@slug` */
  readonly provider: string | undefined
}

type KeyState<State extends string> =
  | { readonly state: 'active'; readonly caller: Caller }
  | { readonly state: Exclude<State, 'active'>; readonly caller?: never }

/** The state of a key, and for one that is in force what would become of a call with it. */
export function previewFor<State extends string>(found: KeyState<State>, asked: AskedCall, parts: PreviewParts) {
  if (found.caller === undefined) return { state: found.state }
  const { caller } = found
  return { state: 'active' as const, metadata: caller.metadata, call: previewCall(parts, caller, asked) }
}

/**
 * Plans a call that nobody makes: one of this caller, for this model, with nothing else in it. It is planned by the stage that plans calls, so what is
 * told is what would happen; only what depends on a body or on tags of a request may come out otherwise.
 */
function previewCall(parts: PreviewParts, caller: Caller, asked: AskedCall): CallPreview {
  let planned: Planned | undefined
  try {
    void plan(parts)(async (exchange) => {
      planned = exchange
    })(imagine(parts, caller, asked), NOBODY)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { configId: caller.defaultConfig?.id, targets: [], refusal: tell(error) }
  }
  if (planned === undefined) throw new Error('A call was planned without being handed on.')
  const exchange = planned
  const rulebook = parts.limits.rulebook()
  const { metadata, config, route } = exchange.plan
  const early = rulebook.lanes(caller, { endpoint: 'messages', metadata })
  return { configId: config.id, targets: list(route), refusal: undefined }

  function list(node: Route): readonly PreviewedTarget[] {
    switch (node.kind) {
      case 'choice':
        return node.options.flatMap(list)
      case 'dead end':
        return [{ path: node.path, serves: undefined, refusal: tell(node.error) }]
      case 'target': {
        const call = limitedCall(exchange, node)
        const serves = {
          providerId: node.upstream.providerId,
          providerSlug: node.upstream.slug,
          model: node.model,
          wireModel: node.wire.id,
          purses: rulebook.purses(call),
          lanes: [...early, ...rulebook.targetLanes(call)],
        }
        return [{ path: node.path, serves, refusal: undefined }]
      }
    }
  }
}

function tell({ code, message }: GatewayError): Refused {
  return { code, message }
}

/** A request that says nothing but which model it wants. */
function imagine({ clock }: PreviewParts, caller: Caller, { model, provider }: AskedCall): Kept {
  const bytes = Buffer.from(JSON.stringify({ model, messages: [] }))
  return {
    id: newRequestId(clock.now()),
    endpoint: 'messages',
    receivedAt: clock.now(),
    startedAt: clock.monotonic(),
    query: '',
    headers: provider === undefined ? [] : ['x-portkey-provider', `@${provider.replace(/^@/, '')}`],
    content: { read: async () => bytes },
    signal: new AbortController().signal,
    trail: { note: () => undefined },
    caller,
    body: { bytes, members: scanTopLevel(bytes), compressed: undefined },
    modelAsked: model,
    streaming: false,
    sessionId: undefined,
    sessionKey: undefined,
    client: describeClient([]),
    requestClass: undefined,
    transcript: NO_TRANSCRIPT,
  }
}

/** Nothing is answered to a call that is not made. */
const NOBODY: Reply = { head: () => undefined, chunk: () => undefined, end: () => undefined, fail: () => undefined }
