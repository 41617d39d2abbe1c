import type { JsonDraft } from '../../core/json-draft.ts'
import { dropMember, fitCacheControl } from './fit-members.ts'
import { type Rewriting, notThere } from './rewriting.ts'

/** The messages, and the blocks in them. */
export function fitConversation(request: Rewriting): void {
  const messages = request.body.get('messages')?.elements ?? []
  for (const [index, message] of messages.entries()) {
    if (message.has('output_config') && request.handling('messages[].output_config') === 'drop') {
      dropMember(request, message, 'output_config', 'messages[].output_config')
    }
    const blocks = message.get('content')?.elements ?? []
    for (const [at, block] of blocks.entries()) fitBlock(request, block, `messages.${index}.content.${at}`)
  }
  for (const block of request.body.get('system')?.elements ?? []) fitCacheControl(request, block)
}

function fitBlock(request: Rewriting, block: JsonDraft, path: string): void {
  const type = block.get('type')?.text
  if (type === undefined) return
  fitCacheControl(request, block)
  switch (type) {
    case 'tool_reference':
      if (request.handling('tool_reference') === 'text') tell(request, block, 'tool_reference', referenceInWords(block))
      return
    case 'tool_result':
      for (const [at, inner] of (block.get('content')?.elements ?? []).entries()) {
        fitBlock(request, inner, `${path}.content.${at}`)
      }
      return
    case 'image':
    case 'document':
      fitSource(request, block, path)
      return
    case 'container_upload':
      if (request.handling('source.type file') === 'refuse')
        throw notThere(path, 'a file in a container', request.platform)
      return
    case 'compaction':
      if (request.handling('compaction') === 'text') tell(request, block, 'compaction', textIn(block) ?? '')
      return
    case 'text':
      if (request.handling('server_tool_use') === 'text') dropCitationsOfSearch(request, block)
      return
    default:
      if (!isOfServerTool(type) || request.handling('server_tool_use') !== 'text') return
      tell(request, block, 'server_tool_use', type === 'server_tool_use' ? callInWords(block) : resultInWords(block))
  }
}

function fitSource(request: Rewriting, block: JsonDraft, path: string): void {
  const kind = block.get('source')?.get('type')?.text
  if (kind !== 'file' && kind !== 'url') return
  if (request.handling(`source.type ${kind}`) !== 'refuse') return
  throw notThere(
    `${path}.source.type`,
    kind === 'file' ? 'a source by file id' : 'a source by address',
    request.platform,
  )
}

/** Puts words in the place of a block that the target does not know; a mark of the prompt cache stays where it stood. */
function tell({ note }: Rewriting, block: JsonDraft, what: string, words: string): void {
  const mark = block.get('cache_control')?.json
  block.replace(textBlock(words, mark))
  note('folded', what)
}

/** A block without any text is refused, so there is always a word. */
export function textBlock(words: string, cacheControl?: string): string {
  const mark = cacheControl === undefined ? '' : `,"cache_control":${cacheControl}`
  return `{"type":"text","text":${JSON.stringify(words.trim() === '' ? '(nothing)' : words)}${mark}}`
}

function referenceInWords(block: JsonDraft): string {
  return `The tool ${block.get('tool_name')?.text ?? ''} is available.`
}

function isOfServerTool(type: string): boolean {
  return type === 'server_tool_use' || (type.endsWith('_tool_result') && type !== 'tool_result')
}

function callInWords(block: JsonDraft): string {
  return `[Used the tool ${block.get('name')?.text ?? ''} with ${block.get('input')?.json ?? '{}'}]`
}

/** Titles and addresses of a search can be read; what else there is may be encrypted. */
function resultInWords(block: JsonDraft): string {
  const content = block.get('content')
  const found = (content?.elements ?? []).flatMap((result) => {
    const [title, url] = [result.get('title')?.text, result.get('url')?.text]
    return url === undefined ? [] : [`- ${title ?? url} (${url})`]
  })
  if (found.length > 0) return `[It found]\n${found.join('\n')}`
  const readable = [content?.get('stdout')?.text, content?.get('error_code')?.text].find((each) => each !== undefined)
  return readable === undefined ? '[Its result is not kept here]' : `[It answered]\n${readable}`
}

/** Citations of a search point into results that have become words. */
function dropCitationsOfSearch(request: Rewriting, block: JsonDraft): void {
  const isOfSearch = block.get('citations')?.elements.some((each) => each.has('encrypted_index'))
  if (isOfSearch === true) dropMember(request, block, 'citations', 'citations of a search')
}

/** The text of a block, or of the blocks in it. */
function textIn(block: JsonDraft): string | undefined {
  const content = block.get('content')
  return content?.text ?? content?.elements.map((each) => each.get('text')?.text ?? '').join('\n')
}

/**
 * Takes system messages out from between the others for models that know none: their text becomes a reminder at the end of the user's message
 * before, as the client writes it for such models. The same message gives the same bytes on every turn, whether it came as text or as blocks,
 * so that prompt caches hold.
 */
export function foldSystemMessages({ body, note }: Rewriting): void {
  let user: { readonly content: JsonDraft; readonly reminders: string[] } | undefined
  const folds: (typeof user & object)[] = []
  for (const message of body.get('messages')?.elements ?? []) {
    const content = message.get('content')
    if (message.get('role')?.text !== 'system') {
      const isUsers = message.get('role')?.text === 'user' && content !== undefined
      user = isUsers ? { content, reminders: [] } : undefined
      if (user !== undefined) folds.push(user)
      continue
    }
    note('folded', 'messages[].role system')
    const reminder = reminderOf(content)
    if (user === undefined) message.replace(`{"role":"user","content":[${reminder}]}`)
    else {
      user.reminders.push(reminder)
      message.remove()
    }
  }
  for (const { content, reminders } of folds) {
    if (reminders.length === 0) continue
    if (content.text !== undefined) content.replace(`[{"type":"text","text":${content.json}},${reminders.join(',')}]`)
    else for (const reminder of reminders) content.append(reminder)
  }
}

function reminderOf(content: JsonDraft | undefined): string {
  const blocks = content?.elements ?? []
  const words = content?.text ?? blocks.map((block) => block.get('text')?.text ?? '').join('\n')
  const mark = blocks.at(-1)?.get('cache_control')?.json
  return textBlock(`<system-reminder>\n${words}\n</system-reminder>\n`, mark)
}

/**
 * Cuts thinking that another model, account or platform has signed: the target would refuse its signature. `before` messages are concerned, from
 * the first on; those of a tool loop that is still open too, so the target may not ask for a leading thinking block there.
 */
export function cutForeignThinking({ body, note, model }: Rewriting, before: number): void {
  const messages = body.get('messages')?.elements ?? []
  let isLoopCut = false
  for (const message of messages.slice(0, before)) {
    if (message.get('role')?.text !== 'assistant') continue
    const blocks = message.get('content')?.elements ?? []
    const thoughts = blocks.filter((block) => /^(?:redacted_)?thinking$/.test(block.get('type')?.text ?? ''))
    if (thoughts.length === 0) continue
    for (const block of thoughts) block.remove()
    note('dropped', 'thinking of other providers')
    if (thoughts.length === blocks.length) message.get('content')?.append(textBlock(''))
    isLoopCut = message === messages.findLast((each) => each.get('role')?.text === 'assistant')
  }
  // With a budget, an answer that goes on from a tool's result has to begin with thinking. Without one for this request, it need not.
  const thinking = body.get('thinking')
  if (
    isLoopCut &&
    isOpenToolLoop(messages) &&
    model.thinking !== 'always' &&
    thinking?.get('type')?.text === 'enabled'
  ) {
    thinking.replace('{"type":"disabled"}')
    note('clamped', 'thinking')
  }
}

function isOpenToolLoop(messages: readonly JsonDraft[]): boolean {
  const blocks = messages.findLast((each) => each.get('role')?.text !== 'system')?.get('content')?.elements ?? []
  return blocks.some((block) => block.get('type')?.text === 'tool_result')
}
