import { asId } from '../../src/core/ids.ts'
import { price } from '../../src/core/pricing.ts'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import { NO_USAGE, type TokenUsage } from '../../src/core/usage.ts'
import { addUsage } from '../../src/core/read-usage.ts'
import { ledgerCallRow, crashedCallRow, type LedgerCallRow } from '../../src/ledger/ledger-call-row.ts'
import type { CallCharge, CallClosing, CallOpening } from '../../src/ledger/ledger.ts'
import { crashedExchangeRow } from '../../src/records/crashed-exchange-row.ts'
import { exchangeRow, type ExchangeRow } from '../../src/records/exchange-row.ts'
import type { ExchangeRecord, RouteStep } from '../../src/records/record.ts'
import type { Company, Developer, TeamProvider } from './company.ts'
import { drawId } from './company.ts'
import type { Draw } from './draw.ts'

/** What a person, or a robot, asks: the part of a request that does not depend on how it goes. */
export interface Asked {
  readonly at: number
  readonly developer: Developer
  /** Of the team's automation, in the place of the developer. */
  readonly isRobot: boolean
  readonly project: string
  readonly endpoint: 'messages' | 'count_tokens'
  readonly model: string
  readonly requestClass: 'main' | 'subagent' | 'auxiliary' | 'compaction' | 'probe'
  readonly sessionId: string | undefined
  readonly sessionKey: string | undefined
  readonly agentId: string | undefined
  readonly parentAgentId: string | undefined
  readonly promptId: string | undefined
  readonly usage: TokenUsage
  readonly requestBytes: number
  /** Where its content lies; nothing of it is kept otherwise. */
  readonly content?: Pick<ExchangeRecord, 'shelf' | 'bodyState'>
}

export interface Written {
  readonly exchange: ExchangeRow
  readonly calls: readonly LedgerCallRow[]
}

/** How a request goes: most are answered at once, and some as on a bad day. */
type Fate =
  | 'answered'
  | 'retried'
  | 'fell-back'
  | 'failed'
  | 'invalid'
  | 'limited'
  | 'spent'
  | 'left'
  | 'broken'
  | 'crashed'
  | 'hit'

const FATES = [
  [9340, 'answered'],
  [180, 'retried'],
  [120, 'fell-back'],
  [50, 'failed'],
  [40, 'invalid'],
  [60, 'limited'],
  [15, 'spent'],
  [150, 'left'],
  [15, 'broken'],
  [1, 'crashed'],
  [29, 'hit'],
] as const satisfies readonly (readonly [number, Fate])[]

/** Plays one request through: the rows are made by the gateway's own row makers, its cost by the list prices. */
export function play(draw: Draw, company: Company, asked: Asked): Written {
  const { developer, at } = asked
  const { team } = developer
  const [first, second] = team.providers
  // What keeps its content was read in full.
  const fate = asked.content === undefined ? draw.weighted(FATES) : 'answered'
  const exchangeId = asId<'request'>(`req_${at.toString(16).padStart(12, '0')}${draw.hex(20)}`)
  const speed = asked.model.includes('haiku') ? 6 : asked.model.includes('sonnet') ? 12 : 18
  const firstTokenMs = round(draw.skewed(asked.endpoint === 'messages' ? 1_100 : 180, 1.6))
  const whole = round(firstTokenMs + asked.usage.output * draw.skewed(speed, 0.6))
  const calls: { readonly row: LedgerCallRow; readonly charge: CallCharge }[] = []
  let route: readonly RouteStep[] = []
  let usage = asked.usage
  let result: Partial<ExchangeRecord> = {
    status: 200,
    outcome: 'completed',
    stopReason: draw.chance(0.7) ? 'tool_use' : 'end_turn',
  }
  let server: TeamProvider | undefined = first
  let served: string | undefined = asked.model

  switch (fate) {
    case 'answered':
      call(first, 200)
      break
    case 'retried':
      call(first, 529)
      call(first, 200)
      route = [step(first, 'retried', 529, 'overloaded_error'), step(first, 'answered', 200)]
      result = { ...result, retries: 1 }
      break
    case 'fell-back':
      call(first, 429)
      call(second!, 200)
      server = second
      route = [step(first, 'failed', 429, 'rate_limit_error'), step(second!, 'answered', 200)]
      break
    case 'failed':
      call(first, 529)
      served = undefined
      result = { status: 529, outcome: 'completed' }
      break
    case 'invalid':
      call(first, 400)
      served = undefined
      result = { status: 400, outcome: 'completed' }
      break
    case 'limited':
    case 'spent':
      server = undefined
      served = undefined
      result =
        fate === 'limited'
          ? { status: 429, outcome: 'refused', errorCode: 'rate.limited' }
          : { status: 402, outcome: 'refused', errorCode: 'budget.spent' }
      break
    case 'left':
    case 'broken': {
      const by = fate === 'left' ? 'client' : 'upstream'
      usage = { ...usage, output: Math.floor(usage.output * draw.number()) }
      call(first, 200, by)
      result = { status: 200, outcome: 'interrupted', interruptedBy: by }
      if (by === 'upstream') result = { ...result, errorCode: 'upstream.broken' }
      break
    }
    case 'crashed':
      call(first, undefined, 'crash')
      break
    case 'hit':
      result = { ...result, cacheStatus: 'HIT' }
  }

  const rows = calls.map(({ row }) => row)
  const [crashed] = rows
  if (fate === 'crashed' && crashed !== undefined) return { exchange: crashedExchangeRow([crashed]), calls: rows }
  const reached = calls.length > 0 || fate === 'hit'
  const total = calls.reduce((sum, { charge }) => addUsage(sum, charge.usage), NO_USAGE)
  const exchange = exchangeRow({
    id: exchangeId,
    endpoint: asked.endpoint,
    receivedAt: at,
    organisationId: company.organisationId,
    workspaceId: team.workspaceId,
    keyId: asked.isRobot ? team.robotKeyId : developer.keyId,
    userId: asked.isRobot ? undefined : developer.userId,
    metadata: { team: team.slug, project: asked.project, ...(asked.isRobot && { origin: 'ci' }) },
    traceId: asked.sessionId,
    spanId: undefined,
    parentSpanId: undefined,
    spanName: undefined,
    project: asked.project,
    client: 'claude-cli',
    clientVersion: developer.clientVersion,
    sessionId: asked.sessionId,
    sessionKey: asked.sessionKey,
    agentId: asked.agentId,
    parentAgentId: asked.parentAgentId,
    promptId: asked.promptId,
    requestClass: asked.requestClass,
    streaming: asked.endpoint === 'messages' && asked.requestClass !== 'probe',
    modelAsked: asked.model,
    modelServed: served,
    providerId: server?.id,
    providerSlug: server?.account.slug,
    attempts: calls.length,
    configId: undefined,
    configVersionId: undefined,
    targetPath: server === undefined ? undefined : `config.targets[${server === first ? 0 : 1}]`,
    retries: 0,
    cacheStatus: 'DISABLED',
    route,
    changes: [],
    upstreamRequestId: calls.length > 0 ? `req_${draw.hex(20)}` : undefined,
    interruptedBy: undefined,
    errorCode: undefined,
    stopReason: undefined,
    usage: total,
    estimated: calls.some(({ charge }) => charge.estimated),
    costNanos: calls.reduce((sum, { charge }) => sum + charge.costNanos, 0n),
    priceVersion: calls.length > 0 ? listPrices.id : undefined,
    priceFlag: calls.at(-1)?.charge.priceFlag,
    queueMs: round(draw.skewed(0.9, 1)),
    connectMs: reached ? round(draw.skewed(2, 2)) : undefined,
    firstByteMs: reached ? round(firstTokenMs * 0.9) : undefined,
    firstTokenMs: reached && served !== undefined ? firstTokenMs : undefined,
    totalMs: reached ? whole : round(draw.skewed(1.5, 1)),
    overheadMs: round(draw.skewed(1.1, 1.2)),
    requestBytes: asked.requestBytes,
    responseBytes: reached ? 900 + usage.output * 38 : 210,
    bodyState: 'metadata',
    shelf: undefined,
    source: 'gateway',
    ...asked.content,
    status: 200,
    outcome: 'completed',
    ...result,
  })
  return { exchange, calls: rows }

  function call(provider: TeamProvider, status: number | undefined, by?: 'client' | 'upstream' | 'crash'): void {
    const { account } = provider
    const charge = chargeOf(status === 200 ? usage : NO_USAGE, account.kind, asked, by !== undefined)
    const ordinal = calls.length
    const opening: CallOpening = {
      id: drawId(draw, at + ordinal),
      exchangeId,
      ordinal,
      organisationId: company.organisationId,
      workspaceId: team.workspaceId,
      keyId: asked.isRobot ? team.robotKeyId : developer.keyId,
      userId: asked.isRobot ? undefined : developer.userId,
      providerId: provider.id,
      providerSlug: account.slug,
      providerKind: account.kind,
      endpoint: asked.endpoint,
      model: account.spell(asked.model),
      receivedAt: at,
      sessionKey: asked.sessionKey,
      project: asked.project,
      requestClass: asked.requestClass,
      buckets: [],
      held: { costNanos: 0n, tokens: 0 },
      openedAt: at + 2 + ordinal * 400,
      fallback: chargeOf({ ...NO_USAGE, input: asked.usage.input + asked.usage.cacheRead }, account.kind, asked, true),
    }
    if (by === 'crash') {
      calls.push({ row: crashedCallRow(opening), charge: opening.fallback })
      return
    }
    const closing: CallClosing = {
      ...charge,
      outcome: by !== undefined ? 'interrupted' : status === 200 ? 'completed' : 'failed',
      interruptedBy: by,
      modelServed: status === 200 ? asked.model : undefined,
      upstreamStatus: status,
      upstreamRequestId: `req_${draw.hex(20)}`,
      closedAt: at + Math.floor(whole),
    }
    calls.push({ row: ledgerCallRow(opening, closing), charge })
  }

  function step(provider: TeamProvider, outcome: RouteStep['result'], status: number, reason?: string): RouteStep {
    const path = `config.targets[${provider === first ? 0 : 1}]`
    return {
      path,
      provider: `@${provider.account.slug}`,
      result: outcome,
      status,
      reason,
      ms: round(draw.skewed(900, 1)),
    }
  }
}

function chargeOf(
  tokens: TokenUsage,
  providerKind: string,
  { model, at, endpoint }: Asked,
  estimated: boolean,
): CallCharge {
  const isFree = endpoint === 'count_tokens'
  const usage = isFree ? NO_USAGE : tokens
  const reported = {
    tokens: usage,
    steps: [{ model: undefined, kind: 'message', tokens: usage }],
    speed: 'standard',
    geography: undefined,
    serviceTier: 'standard',
  }
  const scope = providerKind === 'bedrock' ? 'regional' : 'global'
  const { costNanos, priceFlag } = price(reported, { providerKind, scope, model, at }, listPrices.table)
  return { usage, estimated: estimated && !isFree, costNanos, priceFlag, priceVersion: listPrices.id }
}

/** Milliseconds to the microsecond, as the gateway keeps them. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
