import { sessionKey } from '../../src/core/session-key.ts'
import { NO_USAGE, type TokenUsage } from '../../src/core/usage.ts'
import { type Company, type Developer, drawId } from './company.ts'
import type { Draw } from './draw.ts'
import { play, type Asked, type Written } from './rows.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** So many requests of one day (of the world's clock, beginning at `day`), in the order in which they came. */
export function playDay(draw: Draw, company: Company, day: number, requests: number): Written[] {
  const written: Written[] = []
  while (written.length < requests) {
    const isRobot = draw.chance(0.04)
    const developer = draw.weighted(company.developers.map((one) => [one.zeal, one]))
    const start = isRobot ? day + draw.below(DAY_MS) : startOfWork(draw, developer, day)
    for (const asked of playSession(draw, developer, { start, isRobot })) {
      if (written.length === requests) break
      // Nobody works past the end of the seeded time.
      if (asked.at < day + DAY_MS) written.push(play(draw, company, asked))
    }
  }
  return written.toSorted((one, next) => one.exchange.received_at - next.exchange.received_at)
}

/** How much of a week's work is done on the day that begins at `day`. */
export function shareOfWeek(day: number): number {
  const weekday = new Date(day).getUTCDay()
  return [0.02, 0.19, 0.2, 0.21, 0.2, 0.16, 0.02][weekday]!
}

/** Between nine and six by their own clock, most in the late morning and in the afternoon. */
function startOfWork(draw: Draw, { clockAhead }: Developer, day: number): number {
  const hour = draw.weighted([
    [1, 8],
    [3, 9],
    [5, 10],
    [5, 11],
    [2, 12],
    [4, 13],
    [5, 14],
    [5, 15],
    [4, 16],
    [2, 17],
    [1, 20],
  ])
  const local = hour * HOUR_MS + draw.below(HOUR_MS)
  const moment = (local - clockAhead * MINUTE_MS + DAY_MS) % DAY_MS
  return day + Math.floor(moment)
}

interface SessionStart {
  readonly start: number
  readonly isRobot: boolean
}

/**
 * One session: turns whose context grows and is read from the cache, the client's own small requests beside them, and
 * sub-agents with contexts of their own. Compacted when it has become too long.
 */
export function* playSession(draw: Draw, developer: Developer, { start, isRobot }: SessionStart): Generator<Asked> {
  const { team } = developer
  const sessionId = drawId(draw, start) as string
  const owner = isRobot ? team.robotKeyId : developer.userId
  const common = {
    developer,
    isRobot,
    project: draw.pick(team.projects),
    endpoint: 'messages' as const,
    sessionId,
    sessionKey: sessionKey(team.workspaceId, owner, sessionId),
    agentId: undefined,
    parentAgentId: undefined,
  }
  const turns = Math.min(120, Math.max(5, Math.round(draw.skewed(22, 2.2))))
  const model = draw.chance(0.85) ? developer.favourite : 'claude-sonnet-5-5'
  let at = start
  let context = 17_000 + draw.below(8_000)
  let cached = 0
  let promptId = drawId(draw, at) as string
  yield { ...common, at, promptId, model: HAIKU, requestClass: 'auxiliary', ...small(draw) }

  for (let turn = 0; turn < turns; turn++) {
    if (draw.chance(0.3)) {
      // A new prompt, after reading what came.
      promptId = drawId(draw, at)
      at += Math.round(draw.skewed(90_000, 2.5))
    }
    const added = Math.round(draw.skewed(1_800, 2))
    context += added
    const usage = {
      ...NO_USAGE,
      input: 3 + draw.below(12),
      cacheRead: cached,
      ...freshly(context - cached),
      ...output(draw),
    }
    yield { ...common, at, promptId, model, requestClass: 'main', usage, requestBytes: context * 4 }
    cached = context
    at += Math.round(draw.skewed(16_000, 1.6))
    if (draw.chance(0.06))
      yield {
        ...common,
        at: at - 500,
        promptId,
        model,
        endpoint: 'count_tokens',
        requestClass: 'auxiliary',
        ...count(context),
      }
    if (draw.chance(0.08))
      yield { ...common, at: at - 900, promptId, model: HAIKU, requestClass: 'auxiliary', ...small(draw) }
    if (draw.chance(0.03)) yield* playAgent(draw, { ...common, promptId }, at)
    if (context > 160_000) {
      const compacted = { ...NO_USAGE, input: 40, cacheRead: cached, output: 3_500 }
      yield {
        ...common,
        at: (at += 20_000),
        promptId,
        model,
        requestClass: 'compaction',
        usage: compacted,
        requestBytes: context * 4,
      }
      context = 24_000
      cached = 0
    }
  }
}

/** Beside the one who has started it: the times of both overlap. */
function* playAgent(
  draw: Draw,
  common: Omit<Asked, 'at' | 'model' | 'requestClass' | 'usage' | 'requestBytes'>,
  start: number,
): Generator<Asked> {
  const agentId = `agent-${draw.hex(12)}`
  let at = start - 4_000
  let cached = 0
  let context = 9_000
  const turns = 3 + draw.below(15)
  for (let turn = 0; turn < turns; turn++) {
    context += Math.round(draw.skewed(2_500, 1.8))
    const usage = { ...NO_USAGE, input: 4, cacheRead: cached, ...freshly(context - cached), ...output(draw) }
    yield {
      ...common,
      at,
      agentId,
      model: 'claude-sonnet-5-5',
      requestClass: 'subagent',
      usage,
      requestBytes: context * 4,
    }
    cached = context
    at += Math.round(draw.skewed(9_000, 1.2))
  }
}

const HAIKU = 'claude-haiku-5-5'

/** What was not in the cache before is written to it. */
function freshly(tokens: number): Pick<TokenUsage, 'cacheWrite5m'> {
  return { cacheWrite5m: tokens }
}

function output(draw: Draw): Pick<TokenUsage, 'output' | 'thinking'> {
  const tokens = Math.round(draw.skewed(380, 2.6))
  return { output: tokens, thinking: draw.chance(0.5) ? Math.floor(tokens * 0.3) : 0 }
}

/** A title, a summary, a check whether a topic is new. */
function small(draw: Draw): Pick<Asked, 'usage' | 'requestBytes'> {
  return { usage: { ...NO_USAGE, input: 300 + draw.below(700), output: 12 + draw.below(60) }, requestBytes: 4_200 }
}

function count(context: number): Pick<Asked, 'usage' | 'requestBytes'> {
  return { usage: NO_USAGE, requestBytes: context * 4 }
}
