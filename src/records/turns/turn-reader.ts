import type { Added } from '../segments/chapter-index.ts'
import type { TurnFacts } from '../turn.ts'
import { oneLine, previewOf } from './preview.ts'
import { titleIn, toolsCalledIn } from './read-answer.ts'
import { readRequest, type RequestParts } from './read-request.ts'

/** Finds out what a session's requests say of themselves, each held against the one before it in the same agent's line. */
export interface TurnReader {
  /** Reads a request that was just added to its chapter. What comes back holds no body. */
  begin(turn: TurnOpening, body: Buffer, added: Pick<Added, 'freshRanges' | 'masked'>): PendingTurn
}

export interface TurnOpening {
  readonly exchangeId: string
  /** The session, or the key where there is none. */
  readonly scope: string
  /** Undefined for the main agent. */
  readonly agentId: string | undefined
}

export interface PendingTurn {
  /** With the answer as it is kept, so masked where content is; undefined when there is none. */
  end(answer: Buffer | undefined): TurnFacts
}

/** What is known of an earlier request, to hold the next one against it. */
type Earlier = Pick<RequestParts, 'messages' | 'toolsHash' | 'systemHash'>

/** Agents whose last requests are known. */
const AGENTS_MAX = 2_000
/** Of one agent: beside its own line there are a title, a classifier, a search. */
const LINES_MAX = 4
/** Of all digests that are held; some 50 bytes each. */
const DIGESTS_MAX = 400_000

export function createTurnReader(): TurnReader {
  /** Used last comes last. */
  const agents = new Map<string, Earlier[]>()
  let digests = 0

  function begin(
    { exchangeId, scope, agentId }: TurnOpening,
    body: Buffer,
    added: Pick<Added, 'freshRanges' | 'masked'>,
  ): PendingTurn {
    const parts = readRequest(body)
    const facts = {
      exchangeId,
      freshBytes: added.freshRanges.reduce((sum, { length }) => sum + length, 0),
      messages: parts.messages.length,
      firstChangedMessage: compareWithLine(`${scope} ${agentId ?? ''}`, parts),
      toolsHash: parts.toolsHash,
      systemHash: parts.systemHash,
      preview: parts.newest && previewOf(body, parts.newest, added.masked),
    }
    const { asksForTitle } = parts
    return {
      end: (answer) => ({
        ...facts,
        title: asksForTitle && answer !== undefined ? oneLine(titleIn(answer) ?? '') : undefined,
        toolsCalled: answer === undefined ? [] : toolsCalledIn(answer),
      }),
    }
  }

  /** Finds the line that a request goes on with, and takes it in there. */
  function compareWithLine(agent: string, { messages, toolsHash, systemHash }: RequestParts): number | undefined {
    const lines = agents.get(agent) ?? []
    const before = findEarlier(lines, { messages, toolsHash, systemHash })
    const kept = lines.filter((line) => line !== before)
    if (before !== undefined) digests -= before.messages.length
    if (kept.length === LINES_MAX) digests -= kept.shift()!.messages.length
    agents.delete(agent)
    agents.set(agent, [...kept, { messages, toolsHash, systemHash }])
    digests += messages.length
    forgetOldest()
    return before && firstChange(before.messages, messages)
  }

  function forgetOldest(): void {
    for (const [agent, lines] of agents) {
      if (agents.size <= AGENTS_MAX && digests <= DIGESTS_MAX) return
      digests -= lines.reduce((sum, { messages }) => sum + messages.length, 0)
      agents.delete(agent)
    }
  }

  return { begin }
}

/**
 * The request that this one follows: the one that it shares most of its messages with; where it shares none, one with the
 * same tools or the same system, whose conversation was begun anew.
 */
function findEarlier(lines: readonly Earlier[], parts: Earlier): Earlier | undefined {
  let best: Earlier | undefined
  let most = 0
  for (const line of lines) {
    const shared = firstDifference(line.messages, parts.messages)
    if (shared >= most && (shared > 0 || isAlike(line, parts))) {
      best = line
      most = shared
    }
  }
  return best
}

function isAlike(line: Earlier, { toolsHash, systemHash }: Earlier): boolean {
  return systemHash !== undefined && systemHash === line.systemHash && toolsHash === line.toolsHash
}

function firstDifference(before: readonly string[], now: readonly string[]): number {
  const shorter = Math.min(before.length, now.length)
  for (let at = 0; at < shorter; at += 1) if (before[at] !== now[at]) return at
  return shorter
}

/** A message that is gone counts as changed. */
function firstChange(before: readonly string[], now: readonly string[]): number | undefined {
  const at = firstDifference(before, now)
  return at < before.length ? at : undefined
}
