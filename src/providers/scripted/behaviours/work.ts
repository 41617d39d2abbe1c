import { answer, callTool, think, verdicts, type AnswerBlock, type Content } from '../answer.ts'
import { lastPrompt, resultsSincePrompt, resultText } from '../conversation.ts'
import { fillSchema } from '../fill-schema.ts'
import { render } from '../render.ts'
import type { Ask, Json } from '../request.ts'
import type { Scene } from '../scene.ts'
import { greet, sideCall } from './talk.ts'

/** Calls the client's tools, one turn after the other, then says what came of it. Changes nothing on the machine. */
export function useTools(ask: Ask): Scene {
  return render(ask, answer(ask, sideCall(ask) ?? workThrough(ask, errands(ask))))
}

/** As `useTools`, but the provider flags every call as dangerous when it is asked for its verdict. */
export function useFlaggedTools(ask: Ask): Scene {
  const content = sideCall(ask) ?? workThrough(ask, errands(ask))
  const calls = content.blocks.some(({ type }) => type === 'tool_use')
  return render(
    ask,
    answer(ask, ask.safeguards && calls ? { ...content, ending: verdicts(content.blocks, 'flagged') } : content),
  )
}

/** A whole session: two sub-agents that use tools themselves, then several turns of the main loop. */
export function useAgents(ask: Ask): Scene {
  return render(
    ask,
    answer(ask, sideCall(ask) ?? workThrough(ask, isSubAgent(ask) ? subAgentErrands(ask) : withAgents(ask))),
  )
}

/** Looks for tools that the client keeps back until they are asked for, and works on with what came. */
export function searchTools(ask: Ask): Scene {
  const turns = offered(ask, [
    [bash('pwd && ls', 'Look at the folder')],
    [{ tool: 'ToolSearch', input: { query: 'fetch', max_results: 3 } }],
    [bash('echo The sandbox has seen enough.', 'Say so')],
  ])
  return render(ask, answer(ask, sideCall(ask) ?? workThrough(ask, turns)))
}

/** One tool call; what it needs from earlier results is worked out when its turn has come. */
interface Errand {
  readonly tool: string
  readonly input: Json
}

/** A turn may call several tools at once. */
type Turn = readonly Errand[]

/** The turn is told by the number of results since the last prompt, so the script needs no memory. */
function workThrough(ask: Ask, turns: readonly Turn[]): Content {
  const results = resultsSincePrompt(ask)
  let expected = 0
  for (const [index, turn] of turns.entries()) {
    if (results.length < expected + turn.length) {
      const words: AnswerBlock[] = index === 0 ? [{ type: 'text', text: 'I will look around first.' }] : []
      const calls = turn.map(({ tool, input }, ordinal) => callTool(ask, ordinal, tool, input))
      return { blocks: [...think(ask, `Step ${index + 1} of ${turns.length}.`), ...words, ...calls] }
    }
    expected += turn.length
  }
  const report =
    results.length === 0 ? 'No tool of mine was offered.' : `I called ${results.length} tools and read their results.`
  return { blocks: [{ type: 'text', text: `${report}\n\n${greet(ask)}` }] }
}

/** Errands for the tools on offer: Claude Code's own are called sensibly, all others with the least their schema asks for. */
function errands(ask: Ask): Turn[] {
  const known: Turn[] = [
    [bash('pwd && ls', 'Look at the folder')],
    [{ tool: 'Read', input: { file_path: `${folder(ask)}/README.md` } }, bash('ls | wc -l', 'Count the files')],
    [{ tool: 'Glob', input: { pattern: '*.md' } }],
    [{ tool: 'Grep', input: { pattern: 'sandbox' } }],
    [bash('echo The sandbox has seen enough.', 'Say so')],
  ]
  const turns = offered(ask, known)
  if (turns.length > 0) return turns
  return ask.tools
    .filter(({ type }) => type === undefined)
    .slice(0, 3)
    .map(({ name, inputSchema }) => [
      { tool: name, input: fillSchema({ ...inputSchema, type: 'object' }, 'sandbox') as Json },
    ])
}

function withAgents(ask: Ask): Turn[] {
  // Older clients call the tool Task.
  const tool = ask.tools.some(({ name }) => name === 'Agent') ? 'Agent' : 'Task'
  const agent = (part: string): Errand => ({
    tool,
    input: {
      description: `Look at ${part}`,
      prompt: `${SUB_AGENT_PROMPT} look at ${part} and report in one sentence.`,
      subagent_type: 'general-purpose',
    },
  })
  return offered(ask, [
    [bash('pwd && ls', 'Look at the folder')],
    [agent('the files'), agent('the names')],
    [{ tool: 'Read', input: { file_path: `${folder(ask)}/README.md` } }, bash('ls | wc -l', 'Count the files')],
    [bash('ls -a | head -20', 'List hidden files too')],
    [bash('wc -c README.md', 'Measure the readme')],
    [{ tool: 'Read', input: { file_path: `${folder(ask)}/README.md`, offset: 1, limit: 1 } }],
    [bash('echo The sandbox has seen enough.', 'Say so')],
  ])
}

function subAgentErrands(ask: Ask): Turn[] {
  return offered(ask, [
    [bash('pwd && ls', 'Look at the folder')],
    [{ tool: 'Read', input: { file_path: `${folder(ask)}/README.md` } }],
    // Only in auto mode, where a sub-agent that ends with plain words is asked for this call until it makes it.
    [{ tool: 'SubagentHandback', input: { message: 'I looked, and all is well.' } }],
  ])
}

/** How a sub-agent of this script is told, beside the header that newer clients send. */
const SUB_AGENT_PROMPT = 'As a sub-agent of the sandbox,'

function isSubAgent(ask: Ask): boolean {
  return ask.agentId !== undefined || lastPrompt(ask).startsWith(SUB_AGENT_PROMPT)
}

function offered(ask: Ask, turns: readonly Turn[]): Turn[] {
  const names = new Set(ask.tools.map(({ name }) => name))
  return turns.map((turn) => turn.filter(({ tool }) => names.has(tool))).filter((turn) => turn.length > 0)
}

function bash(command: string, description: string): Errand {
  return { tool: 'Bash', input: { command, description } }
}

/** The client's working folder, as its shell told it in the first result. */
function folder(ask: Ask): string {
  const [first] = resultsSincePrompt(ask)
  const line = first === undefined ? '' : resultText(first).split('\n', 1)[0]!.trim()
  return line.startsWith('/') ? line : '.'
}
