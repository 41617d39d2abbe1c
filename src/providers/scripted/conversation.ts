import type { Ask, Block, Message } from './request.ts'

/** The last thing a person (or a parent agent) wrote, without the reminders that Claude Code puts around it. */
export function lastPrompt(ask: Ask): string {
  const message = ask.messages.findLast(isPrompt)
  return message === undefined ? '' : promptTexts(message).at(-1)!.trim()
}

/** The results of tools since the last prompt, oldest first. */
export function resultsSincePrompt(ask: Ask): Block[] {
  const from = ask.messages.findLastIndex(isPrompt)
  return ask.messages.slice(from + 1).flatMap((message) => message.content.filter(isToolResult))
}

/** The text of a tool result, which may be a string or a list of blocks. */
export function resultText(result: Block): string {
  const { content } = result
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((block: Block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('\n')
}

function isPrompt(message: Message): boolean {
  return message.role === 'user' && !message.content.some(isToolResult) && promptTexts(message).length > 0
}

/** Claude Code wraps what it adds by itself into tags: `<system-reminder>`, `<task-notification>`, `<command-name>`. */
function promptTexts(message: Message): string[] {
  return message.content.flatMap(({ text }) =>
    typeof text === 'string' && text !== '' && !text.startsWith('<') ? [text] : [],
  )
}

function isToolResult(block: Block): boolean {
  return block['type'] === 'tool_result'
}
