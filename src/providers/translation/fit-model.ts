import { readInteger } from '../../core/json.ts'
import type { JsonDraft } from '../../core/json-draft.ts'
import { EFFORTS, type ModelTraits } from './models.ts'
import type { Rewriting } from './rewriting.ts'

/** Tokens of thinking for a model that wants a number, when the client left it to the model; what the client gives such models itself. */
const BUDGET_TOKENS = 31_999
/** The least that a model takes. */
const BUDGET_TOKENS_MIN = 1_024

/** The client wrote this request for one model, and another will answer it: what that one refuses is brought into its range. */
export function fitModel(request: Rewriting): void {
  const { body, model, note } = request
  const limit = integer(body.get('max_tokens'))
  if (limit !== undefined && limit > model.outputTokensMax) {
    body.put('max_tokens', String(model.outputTokensMax))
    note('clamped', 'max_tokens')
  }
  fitThinking(request, Math.min(limit ?? model.outputTokensMax, model.outputTokensMax))
  fitEffort(request)
  fitToolChoice(request)
  fitSampling(request)
  fitPrefill(request)
}

/** A host with models of its own: of what only Claude knows there is the shape of thinking; ranges are the host's affair. */
export function fitPlainModel(request: Rewriting): void {
  const limit = integer(request.body.get('max_tokens')) ?? BUDGET_TOKENS + 1
  fitThinking({ ...request, model: { ...request.model, thinking: 'budget' } }, limit)
}

function fitThinking({ body, model, note }: Rewriting, answerTokens: number): void {
  const thinking = body.get('thinking')
  const type = thinking?.get('type')?.text
  if (thinking === undefined || type === undefined) return
  const fitted = thinkingFor(model, type, answerTokens)
  if (fitted === undefined) return
  note('clamped', 'thinking')
  if (fitted === 'none') {
    body.removeMember('thinking')
    return
  }
  const display = thinking.get('display')?.json
  const suffix = display === undefined || type === 'disabled' ? '' : `,"display":${display}`
  thinking.replace(`${fitted.slice(0, -1)}${suffix}}`)
}

/** The shape of thinking for this model; `none` where the member has to go; undefined where it may stay as it is. */
function thinkingFor(model: ModelTraits, type: string, answerTokens: number): string | undefined {
  if (type === 'adaptive' && model.thinking === 'budget') return budgetWithin(answerTokens)
  if (type === 'enabled' && (model.thinking === 'adaptive' || model.thinking === 'always')) return '{"type":"adaptive"}'
  return type === 'disabled' && model.thinking === 'always' ? 'none' : undefined
}

/** Thinking counts as part of the answer, so it must leave some of it. */
function budgetWithin(answerTokens: number): string {
  const budget = Math.min(BUDGET_TOKENS, answerTokens - 1)
  return budget < BUDGET_TOKENS_MIN ? 'none' : `{"type":"enabled","budget_tokens":${budget}}`
}

function fitEffort({ body, model, note }: Rewriting): void {
  const config = body.get('output_config')
  const effort = config?.get('effort')
  const asked = effort?.text
  if (config === undefined || effort === undefined || asked === undefined || model.efforts.includes(asked)) return
  const rank = EFFORTS.findIndex((level) => level === asked)
  const fitted = model.efforts.findLast((level) => EFFORTS.findIndex((each) => each === level) <= rank)
  if (fitted !== undefined) {
    effort.replace(JSON.stringify(fitted))
    note('clamped', 'output_config.effort')
    return
  }
  // A level that nobody knows stays for a model that has levels: it may be a new one.
  if (model.efforts.length > 0) return
  config.removeMember('effort')
  if (config.names.length === 0) body.removeMember('output_config')
  note('dropped', 'output_config.effort')
}

function fitToolChoice({ body, model, note }: Rewriting): void {
  const choice = body.get('tool_choice')
  const type = choice?.get('type')
  if (model.forcedTool || choice === undefined || (type?.text !== 'any' && type?.text !== 'tool')) return
  choice.removeMember('name')
  type.replace('"auto"')
  note('clamped', 'tool_choice')
}

function fitSampling({ body, model, note }: Rewriting): void {
  if (model.sampling) return
  for (const name of ['temperature', 'top_p', 'top_k']) if (body.removeMember(name)) note('dropped', name)
}

/** The beginning of an answer, put into the model's mouth: without it the model begins by itself. */
function fitPrefill({ body, model, note }: Rewriting): void {
  if (model.prefill) return
  const last = body.get('messages')?.elements.at(-1)
  if (last?.get('role')?.text !== 'assistant') return
  last.remove()
  note('dropped', 'assistant prefill')
}

function integer(draft: JsonDraft | undefined): number | undefined {
  if (draft === undefined) return undefined
  const bytes = Buffer.from(draft.json)
  return readInteger(bytes, { name: '', nameStart: 0, valueStart: 0, valueEnd: bytes.length })
}
