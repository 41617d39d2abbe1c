import type { Clock } from '../../src/core/clock.ts'
import { systemClock } from '../../src/core/clock.ts'
import { DEFAULT_RECORD_RULES } from '../../src/core/record-rules.ts'
import { sessionKey } from '../../src/core/session-key.ts'
import { NO_USAGE } from '../../src/core/usage.ts'
import { createTranscripts, type BodiesParts } from '../../src/records/bodies/create-transcripts.ts'
import { sessionRequests } from '../../src/testing/claude-code-session.ts'
import type { Store } from '../../src/store/database.ts'
import type { Company } from './company.ts'
import type { Draw } from './draw.ts'
import { write } from './fill.ts'
import { play, type Written } from './rows.ts'

export interface SessionsWithBodies extends Pick<BodiesParts, 'place' | 'sealing'> {
  readonly count: number
  /** Milliseconds since the epoch, between which they begin. */
  readonly from: number
  readonly until: number
}

const CLASS_OF = { main: 'main', agent: 'subagent', title: 'auxiliary', count: 'auxiliary' } as const
/** As the company has switched it on: what was said can be searched. */
const RULES = { ...DEFAULT_RECORD_RULES, searchable: true }
const LOG = { warn: () => undefined, error: () => undefined }

/**
 * Sessions in the shape of the real client, bodies and all, kept by the gateway's own recorder. They are cut off where a day
 * ends no more than real ones are.
 */
export async function fillSessions(
  store: Store,
  draw: Draw,
  company: Company,
  { count, from, until, place, sealing }: SessionsWithBodies,
): Promise<{ readonly rawBytes: number; readonly storedBytes: number }> {
  let now = from
  const clock: Clock = { ...systemClock, now: () => now }
  const bodies = await createTranscripts({ clock, log: LOG, store, place, sealing })
  try {
    for (let number = 0; number < count; number++) {
      now = Math.floor(from + ((until - from) * number) / count)
      const developer = draw.pick(company.developers)
      const { team, userId, clientVersion } = developer
      const turns = Math.min(60, Math.max(5, Math.round(draw.skewed(18, 2))))
      const requests = sessionRequests({
        turns,
        lastBytes: 60_000 + turns * 17_000,
        agents: draw.below(3),
        sideCalls: true,
        seed: 1 + draw.below(1_000_000_000),
      })
      const written: Written[] = []
      let cached = 0
      for (const { kind, sessionId, agentId, body, answer } of requests) {
        now += 2_000 + draw.below(20_000)
        const scope = sessionKey(team.workspaceId, userId, sessionId)
        const context = Math.floor(body.length / 4)
        const usage = {
          ...NO_USAGE,
          input: 5,
          cacheRead: Math.min(cached, context),
          cacheWrite5m: Math.max(0, context - cached),
        }
        if (kind === 'main') cached = context
        const asked = {
          at: now,
          developer,
          isRobot: false,
          project: team.projects[0]!,
          endpoint: kind === 'count' ? ('count_tokens' as const) : ('messages' as const),
          model: kind === 'title' ? 'claude-haiku-5-5' : 'claude-opus-5-5',
          requestClass: CLASS_OF[kind],
          sessionId,
          sessionKey: scope,
          agentId,
          parentAgentId: undefined,
          promptId: undefined,
          usage: { ...usage, output: Math.floor(answer.length / 60) },
          requestBytes: body.length,
        }
        const planned = play(draw, company, { ...asked, content: { shelf: undefined, bodyState: 'none' } })
        const { exchange } = planned
        const transcript = bodies.begin({
          exchangeId: exchange.id,
          endpoint: asked.endpoint,
          workspaceId: team.workspaceId,
          scope,
          agentId,
          receivedAt: now,
          rules: RULES,
          request: body,
        })
        transcript.response(answer)
        transcript.end({
          method: 'POST',
          path: kind === 'count' ? '/v1/messages/count_tokens' : '/v1/messages?beta=true',
          requestHeaders: [
            'user-agent',
            `claude-cli/${clientVersion} (external, cli)`,
            'content-type',
            'application/json',
          ],
          status: 200,
          responseHeaders: ['content-type', kind === 'count' ? 'application/json' : 'text/event-stream'],
          error: undefined,
        })
        written.push({
          ...planned,
          exchange: { ...exchange, shelf: transcript.shelf ?? null, body_state: transcript.state },
        })
      }
      await write(store, written)
      await bodies.flush()
    }
    const { rawBytes, storedBytes } = bodies.stats()
    return { rawBytes, storedBytes }
  } finally {
    await bodies.close()
  }
}
