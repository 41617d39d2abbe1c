import {
  cut,
  cutClean,
  cutFirst,
  cutStart,
  empty,
  ERROR_KINDS,
  failWith,
  garbage,
  overloadedLate,
  overloadedMid,
  rateLimited,
  silent,
  silentFirst,
  silentMid,
  type ErrorStatus,
} from './behaviours/fail.ts'
import { compressed, crlf, huge, hugeTool, late, numbers, slow } from './behaviours/odd.ts'
import { echo, refuse, talk, thinkAloud } from './behaviours/talk.ts'
import { searchTools, useAgents, useFlaggedTools, useTools } from './behaviours/work.ts'
import type { Ask } from './request.ts'
import type { Scene } from './scene.ts'

/** A model that only the sandbox has, in the words of `GET /v1/models`. */
export interface SandboxModel {
  readonly id: string
  readonly display_name: string
  readonly description: string
}

interface Part extends SandboxModel {
  readonly play: (ask: Ask) => Scene
}

const PARTS: readonly Part[] = [
  part('sandbox-echo', 'Says back what was asked.', echo),
  part('sandbox-thinking', 'Thinks first, with a signature, then answers.', thinkAloud),
  part('sandbox-tools', 'Calls the tools on offer for a few turns, then sums up. Changes nothing.', useTools),
  part('sandbox-agents', 'Starts two sub-agents and works on: a session of more than ten requests.', useAgents),
  part('sandbox-tool-search', 'Asks Claude Code for tools that it keeps back, and works on.', searchTools),
  part('sandbox-safeguards', 'As sandbox-tools; clears every call when asked for verdicts on them.', useTools),
  part('sandbox-flagged', 'As sandbox-tools; flags every call when asked for verdicts on them.', useFlaggedTools),
  part('sandbox-refusal', 'Refuses: status 200 with stop_reason refusal.', refuse),
  part('sandbox-slow', 'A good answer, spread over ten seconds.', slow),
  part('sandbox-late', 'A good answer after twenty seconds without a byte.', late),
  part('sandbox-silent', 'A head, and then nothing for ever.', silent),
  part('sandbox-silent-first', 'Nothing at all, for ever.', silentFirst),
  part('sandbox-silent-mid', 'Falls silent inside the text, for ever.', silentMid),
  part('sandbox-overloaded', 'Status 529.', failWith(529)),
  part('sandbox-overloaded-late', 'Status 200, then an error event before the message begins.', overloadedLate),
  part('sandbox-overloaded-mid', 'An error event inside the text.', overloadedMid),
  part('sandbox-rate-limited', 'Status 429 with retry-after and rate limit headers.', rateLimited),
  part('sandbox-cut', 'The connection breaks inside the text.', cut),
  part('sandbox-cut-first', 'The connection breaks before anything was answered.', cutFirst),
  part('sandbox-cut-start', 'The connection breaks between the head and the message.', cutStart),
  part('sandbox-cut-clean', 'The stream ends cleanly without the end of the message.', cutClean),
  part('sandbox-garbage', 'A web page with status 200.', garbage),
  part('sandbox-empty', 'Status 200 and not a byte.', empty),
  part('sandbox-huge', 'Ten thousand events.', huge),
  part('sandbox-huge-tool', 'One tool call with five megabytes of input.', hugeTool),
  part('sandbox-compressed', 'Answers with gzip, whatever the client accepts.', compressed),
  part('sandbox-crlf', 'CRLF line ends, comments and unknown events between the known ones.', crlf),
  part('sandbox-numbers', 'A tool call with numbers that no double can hold.', numbers),
  ...(Object.keys(ERROR_KINDS).map(Number) as ErrorStatus[]).map((status) =>
    part(`sandbox-error-${status}`, `Status ${status} with ${ERROR_KINDS[status][0]}.`, failWith(status)),
  ),
]

/** The models that the sandbox lists; any name with `claude` in it works besides, and gives a plausible answer. */
export const SANDBOX_MODELS: readonly SandboxModel[] = PARTS.map(({ id, display_name, description }) => ({
  id,
  display_name,
  description,
}))

const plays = new Map(PARTS.map(({ id, play }) => [id, play]))

/** What a model name makes the sandbox do; undefined for a name that it does not know. */
export function behaviourOf(model: string): Part['play'] | undefined {
  return plays.get(model) ?? (/claude|anthropic/i.test(model) ? talk : undefined)
}

function part(id: string, description: string, play: Part['play']): Part {
  const words = id.replace('sandbox-', '').replaceAll('-', ' ')
  return { id, display_name: `Sandbox: ${words}`, description, play }
}
