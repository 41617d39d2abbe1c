import type { Added } from '../segments/chapter-index.ts'
import { equalAtStart } from '../segments/equal-ends.ts'
import type { TurnFacts } from '../turn.ts'
import { oneLine, previewOf } from './preview.ts'
import { titleIn, toolsCalledIn } from './read-answer.ts'
import { type KnownStart, readRequest, type RequestParts } from './read-request.ts'

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
interface Earlier extends Pick<RequestParts, 'messages' | 'toolsHash' | 'systemHash'> {
  /** As long as somebody else holds it, what the next request repeats of it need not be read again. */
  readonly body: WeakRef<Buffer>
}

/** Agents whose last requests are known. */
const AGENTS_MAX = 2_000
/** Of one agent: beside its own line there are a title, a classifier, a search. */
const LINES_MAX = 4
/** Of all digests that are held; eight bytes each. */
const DIGESTS_MAX = 2_000_000

export function createTurnReader(): TurnReader {
  /** Used last comes last. */
  const agents = new Map<string, Earlier[]>()
  let digests = 0

  function begin(
    { exchangeId, scope, agentId }: TurnOpening,
    body: Buffer,
    added: Pick<Added, 'freshRanges' | 'masked'>,
  ): PendingTurn {
    const agent = `${scope} ${agentId ?? ''}`
    const lines = agents.get(agent) ?? []
    const parts = readRequest(body, knownStart(lines, body))
    const facts = {
      exchangeId,
      freshBytes: added.freshRanges.reduce((sum, { length }) => sum + length, 0),
      messages: parts.messages.length,
      firstChangedMessage: goOn(agent, lines, { ...parts, body: new WeakRef(body) }),
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

  /** Finds the line that a request goes on with, takes it in there, and tells what has changed. */
  function goOn(agent: string, lines: readonly Earlier[], now: Earlier): number | undefined {
    const before = findEarlier(lines, now)
    const kept = lines.filter((line) => line !== before)
    if (before !== undefined) digests -= before.messages.length
    if (kept.length === LINES_MAX) digests -= kept.shift()!.messages.length
    agents.delete(agent)
    agents.set(agent, [...kept, now])
    digests += now.messages.length
    forgetOldest()
    return before && firstChange(before.messages, now.messages)
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

/** The earlier body that this one has the longest beginning in common with. */
function knownStart(lines: readonly Earlier[], body: Buffer): KnownStart | undefined {
  let known: KnownStart | undefined
  for (const { body: held, messages } of lines) {
    const before = held.deref()
    if (before === undefined) continue
    const bytes = equalAtStart(body, before, Math.min(body.length, before.length))
    if (known === undefined || bytes > known.bytes) known = { bytes, messages }
  }
  return known
}

/**
 * The request that this one follows: the one that it shares most of its messages with; where it shares none, one with the
 * same tools or the same system, whose conversation was begun anew.
 */
function findEarlier(lines: readonly Earlier[], now: Earlier): Earlier | undefined {
  let best: Earlier | undefined
  let most = 0
  for (const line of lines) {
    const shared = firstDifference(line.messages, now.messages)
    if (shared >= most && (shared > 0 || isAlike(line, now))) {
      best = line
      most = shared
    }
  }
  return best
}

function isAlike(line: Earlier, { toolsHash, systemHash }: Earlier): boolean {
  return systemHash !== undefined && systemHash === line.systemHash && toolsHash === line.toolsHash
}

function firstDifference(before: readonly number[], now: readonly number[]): number {
  const shorter = Math.min(before.length, now.length)
  for (let at = 0; at < shorter; at += 1) if (before[at] !== now[at]) return at
  return shorter
}

/** A message that is gone counts as changed. */
function firstChange(before: readonly number[], now: readonly number[]): number | undefined {
  const at = firstDifference(before, now)
  return at < before.length ? at : undefined
}
