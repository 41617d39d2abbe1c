import type { JsonDraft } from '../../core/json-draft.ts'
import type { Field } from './fields.ts'
import { type Rewriting, notPermitted, notThere } from './rewriting.ts'

/** Members of the top level that are kept, dropped or refused as a whole. */
const MEMBERS = [
  'safeguards',
  'context_management',
  'output_config',
  'speed',
  'service_tier',
  'inference_geo',
  'tags',
  'fallbacks',
  'thread',
  'diagnostics',
  'billing_policy',
  'mcp_servers',
  'container',
] as const satisfies readonly Field[]

/** The members of the body that are not the conversation. */
export function fitMembers(request: Rewriting): void {
  const { body } = request
  for (const field of MEMBERS) fitMember(request, field)
  if (request.handling('fallback_*') === 'drop') {
    for (const name of body.names.filter((each) => each.startsWith('fallback_'))) dropMember(request, body, name, name)
  }
  const format = body.get('output_config')
  if (format !== undefined && request.handling('output_config.format') === 'drop') {
    dropMember(request, format, 'format', 'output_config.format')
    if (format.names.length === 0) body.removeMember('output_config')
  }
  const thinking = body.get('thinking')
  for (const name of ['display', 'block_binding'] as const) {
    if (thinking?.has(name) === true && request.handling(`thinking.${name}`) === 'drop') {
      dropMember(request, thinking, name, `thinking.${name}`)
    }
  }
}

function fitMember(request: Rewriting, field: (typeof MEMBERS)[number]): void {
  const member = request.body.get(field)
  if (member === undefined) return
  const handling = request.handling(field)
  if (handling === 'keep') return
  if (handling === 'refuse' && !asksForNothing(member)) throw notPermitted(field)
  dropMember(request, request.body, field, field)
}

/** Values by which a client says that it does not use a feature. */
function asksForNothing(member: JsonDraft): boolean {
  return member.json === 'null' || member.text === 'global' || (member.isList && member.elements.length === 0)
}

export function dropMember({ note }: Rewriting, owner: JsonDraft, name: string, what: string): void {
  if (owner.removeMember(name)) note('dropped', what)
}

/** The tools: those of the server are refused where there is no such server, and what a tool says beyond its name is trimmed. */
export function fitTools(request: Rewriting): void {
  for (const [index, tool] of (request.body.get('tools')?.elements ?? []).entries()) {
    const type = tool.get('type')?.text
    const feature = type === undefined ? undefined : featureOf(type)
    const isBasicSearch = request.platform !== 'vertex' || type === 'web_search_20250305'
    if (feature !== undefined) {
      const isMissing =
        request.handling(feature) === 'refuse' || (feature === 'tools[].type web_search' && !isBasicSearch)
      if (isMissing) throw notThere(`tools.${index}.type`, `the tool ${JSON.stringify(type)}`, request.platform)
    }
    for (const name of ['defer_loading', 'strict', 'eager_input_streaming'] as const) {
      if (tool.has(name) && request.handling(`tools[].${name}`) === 'drop')
        dropMember(request, tool, name, `tools[].${name}`)
    }
    fitCacheControl(request, tool)
  }
}

/** Tools that the provider runs, by the beginning of their type; all others are run by the client. */
const SERVER_TOOLS: readonly (readonly [beginning: string, field: Field])[] = [
  ['web_search_', 'tools[].type web_search'],
  ['web_fetch_', 'tools[].type server tool'],
  ['code_execution_', 'tools[].type server tool'],
  ['tool_search_tool_', 'tools[].type tool search'],
  ['advisor_', 'tools[].type advisor or toolset'],
  ['mcp_toolset', 'tools[].type advisor or toolset'],
  ['computer_toolset', 'tools[].type advisor or toolset'],
  ['browser_toolset', 'tools[].type advisor or toolset'],
]

function featureOf(type: string): Field | undefined {
  return SERVER_TOOLS.find(([beginning]) => type.startsWith(beginning))?.[1]
}

/** A mark of the prompt cache on a block, a tool or the whole request. */
export function fitCacheControl(request: Rewriting, owner: JsonDraft): void {
  const mark = owner.get('cache_control')
  if (mark === undefined) return
  if (request.handling('cache_control.scope') === 'drop') dropMember(request, mark, 'scope', 'cache_control.scope')
  if (request.call.repairs.withoutCacheTtl || request.handling('cache_control.ttl') === 'drop') {
    dropMember(request, mark, 'ttl', 'cache_control.ttl')
  }
}

/** The mark for the whole request: where it is not known it goes, or moves to the last block of the conversation. */
export function fitAutomaticCaching(request: Rewriting): void {
  const { body, note } = request
  const mark = body.get('cache_control')
  const handling = request.handling('cache_control')
  if (mark === undefined) return
  if (handling === 'keep') {
    fitCacheControl(request, body)
    return
  }
  const json = mark.json
  body.removeMember('cache_control')
  const message = body.get('messages')?.elements.at(-1)
  const content = message?.get('content')
  if (handling !== 'move' || content === undefined || json === 'null') {
    note('dropped', 'cache_control')
    return
  }
  note('moved', 'cache_control')
  const words = content.text
  if (words !== undefined) content.replace(`[{"type":"text","text":${content.json},"cache_control":${json}}]`)
  else content.elements.at(-1)?.put('cache_control', json)
}

/** The line by which the client says what it is; some models take it for a forbidden word. */
export function dropAttribution({ body, note }: Rewriting): void {
  const first = body.get('system')?.elements[0]
  if (first?.get('text')?.text?.startsWith('x-anthropic-billing-header:') !== true) return
  first.remove()
  if (body.get('system')?.elements.length === 0) body.removeMember('system')
  note('dropped', 'system[0], the attribution line')
}
