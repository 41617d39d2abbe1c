import { type HeaderLines } from '../../core/headers.ts'
import type { JsonDraft } from '../../core/json-draft.ts'
import type { Change, ModelCall, Platform } from '../adapter.ts'
import { CONTEXT_MANAGEMENT, FINE_GRAINED, WEB_SEARCH, betaOn } from './betas.ts'
import { FIELDS, type Field, type FieldRule } from './fields.ts'
import type { ModelTraits } from './models.ts'
import { isNarrower } from './platforms.ts'

/** The betas of a request, as one target takes them. */
export interface ChosenBetas {
  readonly sent: readonly string[]
  /** They differ from what stands in the client's headers. */
  readonly differ: boolean
  readonly changes: readonly Change[]
  /** A field whose betas were left out, or never came along. */
  lacksBeta(field: Field): boolean
}

interface BetaQuestion {
  readonly call: ModelCall
  readonly platform: Platform
  readonly model: ModelTraits
  readonly body: JsonDraft
}

/** Betas from the headers, and from the body, where some clients write them. */
export function chooseBetas({ call, platform, model, body }: BetaQuestion): ChosenBetas {
  const inHeaders = betasInHeaders(call.headers)
  const asked = [...new Set([...inHeaders, ...betasInBody(body)])]
  const { betasRefused, fewestBetas } = call.repairs
  const narrower = isNarrower(platform)
  const changes: Change[] = []
  const sent = new Set<string>()
  for (const beta of asked) {
    const name = staysBehind(beta, call, platform, body) ? undefined : betaOn(platform, model, beta)
    const isTaken = name !== undefined && !betasRefused.has(name) && !(fewestBetas && !hasFieldOf(name, body))
    if (isTaken) sent.add(name)
    if (!isTaken) changes.push({ action: 'dropped', what: `beta ${beta}` })
    else if (name !== beta) changes.push({ action: 'renamed', what: `beta ${beta}` })
  }
  for (const beta of isCountOnVertex(call, platform) ? [] : missingBetas(platform, body)) {
    if (sent.has(beta) || betasRefused.has(beta)) continue
    sent.add(beta)
    changes.push({ action: 'added', what: `beta ${beta}` })
  }
  const list = [...sent]
  return {
    sent: list,
    differ: list.length !== inHeaders.length || list.some((beta, at) => beta !== inHeaders[at]),
    changes,
    lacksBeta(field) {
      const { betas }: FieldRule = FIELDS[field]
      if (betas === undefined || betas.some((beta) => sent.has(beta))) return false
      // Anthropic's own platforms say themselves what a field needs; only what was taken away here is answered for here.
      return narrower || betas.some((beta) => asked.includes(beta))
    },
  }
}

function staysBehind(beta: string, call: ModelCall, platform: Platform, body: JsonDraft): boolean {
  if (isCountOnVertex(call, platform)) return true
  const leavesOut = beta === CONTEXT_MANAGEMENT && (platform === 'bedrock-invoke' || platform === 'vertex')
  return leavesOut && !editsContext(body)
}

/**
 * Claude Code asks for keeping all thinking, and leaves that out by itself for InvokeModel and Vertex AI, where it has been refused for some
 * models; what others ask for changes the answer, and stays.
 */
function editsContext(body: JsonDraft): boolean {
  const edits = body.get('context_management')?.get('edits')?.elements ?? []
  return edits.some((edit) => edit.get('type')?.text !== 'clear_thinking_20251015')
}

/** Vertex AI refuses betas on counts, those of tool search and web search among them; a count needs none. */
function isCountOnVertex(call: ModelCall, platform: Platform): boolean {
  return platform === 'vertex' && call.endpoint === 'count_tokens'
}

/** What a platform wants to have said where Anthropic asks for nothing. */
function missingBetas(platform: Platform, body: JsonDraft): readonly string[] {
  const tools = (): readonly JsonDraft[] => body.get('tools')?.elements ?? []
  if (platform.startsWith('bedrock-') && tools().some((tool) => tool.get('eager_input_streaming')?.json === 'true')) {
    return [FINE_GRAINED]
  }
  const isSearch = (tool: JsonDraft): boolean => tool.get('type')?.text === 'web_search_20250305'
  return platform === 'vertex' && tools().some(isSearch) ? [WEB_SEARCH] : []
}

/** Whether the body has something that is understood only with this beta. */
function hasFieldOf(beta: string, body: JsonDraft): boolean {
  return (Object.keys(FIELDS) as Field[]).some((field) => {
    const { betas }: FieldRule = FIELDS[field]
    return betas?.includes(beta) === true && FIELD_IS_IN[field]?.(body) === true
  })
}

const inTools =
  (holds: (tool: JsonDraft) => boolean) =>
  (body: JsonDraft): boolean =>
    body.get('tools')?.elements.some(holds) === true

const FIELD_IS_IN: Partial<Record<Field, (body: JsonDraft) => boolean>> = {
  context_management: (body) => body.has('context_management'),
  'messages[].output_config': (body) =>
    body.get('messages')?.elements.some((each) => each.has('output_config')) === true,
  'tools[].defer_loading': inTools((tool) => tool.has('defer_loading')),
  'tools[].type tool search': inTools((tool) => tool.get('type')?.text?.startsWith('tool_search_tool_') === true),
  'thinking.block_binding': (body) => body.get('thinking')?.has('block_binding') === true,
}

function betasInHeaders(headers: HeaderLines): string[] {
  const betas: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() !== 'anthropic-beta') continue
    for (const part of headers[at + 1]!.split(',')) if (part.trim() !== '') betas.push(part.trim())
  }
  return betas
}

function betasInBody(body: JsonDraft): string[] {
  const written = body.get('anthropic_beta')
  if (written === undefined) return []
  const names = written.isList ? written.elements.map(({ text }) => text) : (written.text?.split(',') ?? [])
  // What a header cannot hold is no name of a beta.
  return names.flatMap((name) => (name !== undefined && /^[\w.-]+$/.test(name.trim()) ? [name.trim()] : []))
}

/** The headers with these betas in the place of the client's; the very same lines when nothing differs. */
export function withBetas(headers: HeaderLines, betas: readonly string[]): HeaderLines {
  const lines: string[] = []
  let isWritten = betas.length === 0
  for (let at = 0; at < headers.length; at += 2) {
    const isBeta = headers[at]!.toLowerCase() === 'anthropic-beta'
    if (!isBeta) lines.push(headers[at]!, headers[at + 1]!)
    else if (!isWritten) {
      lines.push(headers[at]!, betas.join(','))
      isWritten = true
    }
  }
  if (!isWritten) lines.push('anthropic-beta', betas.join(','))
  return lines
}
