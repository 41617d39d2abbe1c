import { GatewayError } from '../../core/errors.ts'
import { estimateTokens } from '../../core/estimate-tokens.ts'
import { JsonError, parseMember, readInteger } from '../../core/json.ts'
import type { ModelCall, OwnAnswer, Upstream } from '../adapter.ts'
import { foundationId } from '../model-ids.ts'
import type { BodyShape } from '../translation/translate.ts'

/**
 * CountTokens takes the body of an InvokeModel, so it must be a complete one: with `max_tokens`, above any budget for thinking, and without an
 * empty list of tools. API reference of bedrock-runtime, CountTokens.
 */
export function countShape({ body }: ModelCall, invoke: BodyShape): BodyShape {
  const tools = body.members.find('tools')
  const hasNoTools =
    tools !== undefined &&
    /^\[\s*\]$/.test(body.bytes.toString('latin1', tools.valueStart, Math.min(tools.valueEnd, tools.valueStart + 64)))
  return {
    ...invoke,
    without: [...invoke.without, 'max_tokens', ...(hasNoTools ? ['tools'] : [])],
    extra: { ...invoke.extra, max_tokens: String(maxTokens(body)) },
  }
}

function maxTokens({ bytes, members }: ModelCall['body']): number {
  return Math.max(readInteger(bytes, members.find('max_tokens')) ?? 1, thinkingBudget(bytes, members) + 1)
}

function thinkingBudget(bytes: Buffer, members: ModelCall['body']['members']): number {
  const member = members.find('thinking')
  if (member === undefined) return 0
  try {
    const thinking = parseMember(bytes, member, { bytesMax: 4 * 1024, depthMax: 4 })
    if (typeof thinking !== 'object' || thinking === null || !('budget_tokens' in thinking)) return 0
    return Number.isSafeInteger(thinking.budget_tokens) ? (thinking.budget_tokens as number) : 0
  } catch (error) {
    if (error instanceof JsonError) throw new GatewayError('request.malformed', error.message)
    throw error
  }
}

/** The body of a CountTokens call around that of an InvokeModel. */
export function countBody(invokeBody: Buffer): Buffer {
  return Buffer.from(`{"input":{"invokeModel":{"body":"${invokeBody.toString('base64')}"}}}`)
}

/** A count that the platform cannot give: an estimate where the account wants one, else the answer that says so for good. */
export function answerCount(call: ModelCall, { platform, settings }: Upstream): OwnAnswer | undefined {
  if (call.endpoint !== 'count_tokens') return undefined
  const isCounted = platform !== 'bedrock-mantle' && foundationId(call.wireModel) !== undefined
  if (isCounted && settings.count_tokens !== 'estimate') return undefined
  if (settings.count_tokens === 'estimate') {
    return answer(200, { input_tokens: estimateTokens(call.body.bytes.length) })
  }
  const message = `Bedrock counts tokens by a model’s own id only, and cannot for ${isHidden(call) ? 'this inference profile' : 'this endpoint'}. The conversation itself is not affected.`
  return answer(501, { type: 'error', error: { type: 'not_supported', message } }, ['x-should-retry', 'false'])
}

function isHidden({ wireModel }: ModelCall): boolean {
  return foundationId(wireModel) === undefined
}

function answer(status: number, document: unknown, more: readonly string[] = []): OwnAnswer {
  const body = Buffer.from(JSON.stringify(document))
  return { status, headers: ['content-type', 'application/json', ...more], body }
}
