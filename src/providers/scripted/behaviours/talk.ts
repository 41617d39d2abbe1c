import { answer, callTool, id, think, type AnswerBlock, type Content } from '../answer.ts'
import { lastPrompt } from '../conversation.ts'
import { fillSchema } from '../fill-schema.ts'
import { render } from '../render.ts'
import type { Ask, Json, Tool } from '../request.ts'
import type { Scene } from '../scene.ts'

/** A plausible answer to whatever was asked: what every Claude model name gives. */
export function talk(ask: Ask): Scene {
  return render(ask, answer(ask, sideCall(ask) ?? chat(ask)))
}

/** Says back what was asked, word for word. */
export function echo(ask: Ask): Scene {
  return render(
    ask,
    answer(ask, sideCall(ask) ?? { blocks: [{ type: 'text', text: lastPrompt(ask) || 'You said nothing.' }] }),
  )
}

/** Thinks first, whether or not the client asked it to. */
export function thinkAloud(ask: Ask): Scene {
  const thinking = ask.thinking === 'none' ? 'shown' : ask.thinking
  return render(
    ask,
    answer(ask, { blocks: [...think({ ...ask, thinking }, THOUGHTS), { type: 'text', text: greet(ask) }] }),
  )
}

/** A refusal is an answer with status 200, not an error. */
export function refuse(ask: Ask): Scene {
  const explanation = 'The sandbox plays a refusal. Nothing was wrong with the request.'
  return render(
    ask,
    answer(ask, {
      blocks: [],
      stopReason: 'refusal',
      ending: { stop_details: { type: 'refusal', category: 'general_harms', explanation } },
    }),
  )
}

/**
 * The requests that Claude Code makes beside the conversation have answers of their own: a JSON document for titles, a
 * search for WebSearch, a verdict for its own check of an action.
 */
export function sideCall(ask: Ask): Content | undefined {
  if (ask.schema !== undefined) {
    return { blocks: [{ type: 'text', text: JSON.stringify(fillSchema(ask.schema, 'A talk with the sandbox')) }] }
  }
  if (ask.tools.some(({ type }) => type?.startsWith('web_search') === true)) return search(ask)
  if (ask.stopSequences.includes('</block>')) return verdict('<block>no', '</block>')
  if (ask.stopSequences.includes('</severity>')) return verdict('<severity>1', '</severity>')
  return undefined
}

function chat(ask: Ask): Content {
  const tool = demandedTool(ask)
  if (tool !== undefined) {
    const input = fillSchema({ ...tool.inputSchema, type: 'object' }, 'sandbox') as Json
    return { blocks: [callTool(ask, 0, tool.name, input)] }
  }
  return { blocks: [...think(ask, THOUGHTS), { type: 'text', text: greet(ask) }] }
}

/** The tool that `tool_choice` leaves no way around. */
function demandedTool({ tools, toolChoice }: Ask): Tool | undefined {
  if (toolChoice.kind === 'any') return tools[0]
  return toolChoice.kind === 'tool' ? tools.find(({ name }) => name === toolChoice.name) : undefined
}

/** What the sandbox says of itself, and what it was asked. */
export function greet(ask: Ask): string {
  const asked = lastPrompt(ask)
  const quoted = asked.length > 240 ? `${asked.slice(0, 240).replace(/[\uD800-\uDBFF]$/, '')}…` : asked
  return (
    `Hello from the Portcullis sandbox. I am a script playing ${ask.model}: no model was asked and nothing was paid. ` +
    `The way here was the real one, so this exchange stands in the records like any other.` +
    (quoted === '' ? '' : `\n\nYou asked: “${quoted}”`)
  )
}

const THOUGHTS =
  'The person wants an answer, and I am only a script. I will say so in a friendly way and repeat the question.'

function search(ask: Ask): Content {
  const query = lastPrompt(ask)
  const callId = `srvtoolu_${id(ask, 'search')}`
  const found = {
    type: 'web_search_result',
    url: 'https://example.com/sandbox',
    title: 'A page that the sandbox made up',
    encrypted_content: Buffer.from(ask.seed).toString('base64'),
    page_age: null,
  }
  const blocks: AnswerBlock[] = [
    { type: 'server_tool_use', id: callId, name: 'web_search', inputJson: JSON.stringify({ query }) },
    { type: 'whole', block: { type: 'web_search_tool_result', tool_use_id: callId, content: [found] } },
    { type: 'text', text: `The sandbox found one page, which it made up: ${found.url}` },
  ]
  return { blocks, webSearches: 1 }
}

function verdict(text: string, stopSequence: string): Content {
  return { blocks: [{ type: 'text', text }], stopReason: 'stop_sequence', stopSequence }
}
