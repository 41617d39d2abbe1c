import type { z } from 'zod'
import { Replay, ReplayQuery } from '../../contract/content.ts'
import { scanTopLevel, JsonError } from '../../core/json.ts'
import type { BodyReader } from '../../records/bodies/body-reader.ts'
import { findNewestTurn, listTurns, type StoredTurn } from '../../store/sessions.ts'
import { MAIN_LINE } from '../coding-sessions/list-turns.ts'
import { ownerOf, seeCodingSession } from '../coding-sessions/see-coding-session.ts'
import { readCursor, writeCursor } from '../logs/cursor.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { openContent } from './content-right.ts'
import { cutPieces, showText, type TextBudget, TEXT_BYTES_MAX } from './cut-pieces.ts'
import { referenceOf } from './see-exchange.ts'

export const replaySession = route({
  method: 'GET',
  path: '/sessions/:id/replay',
  summary: 'Read a session turn by turn, each with only what was new',
  scope: ['logs.view', 'logs.read'],
  query: ReplayQuery,
  reply: Replay,
  async handle({ caller, params, query: { agent, cursor, limit } }, parts) {
    const { db } = parts.store
    const after = cursor === undefined ? undefined : readCursor(cursor)
    await parts.flushRecords()
    const { session, scope } = await seeCodingSession(db, caller, params.id)
    await openContent(caller, ownerOf(session), parts)
    const wanted = { limit, after, agent: agent === MAIN_LINE ? null : agent }
    const { items, next } = await listTurns(db, scope, session.id, wanted)
    const budget: TextBudget = { left: TEXT_BYTES_MAX }
    const turns: ShownTurn[] = []
    for (const turn of items) turns.push(await replayTurn(parts.bodies, turn, budget))
    const newest = after === undefined ? await findNewestTurn(db, scope, session.id) : undefined
    return {
      object: 'replay' as const,
      turns,
      newest: newest === undefined ? null : await readStanding(parts.bodies, newest),
      next_cursor: next === undefined ? null : writeCursor(next),
    }
  },
})

type ShownTurn = z.output<typeof Replay>['turns'][number]

async function replayTurn(reader: BodyReader, turn: StoredTurn, budget: TextBudget): Promise<ShownTurn> {
  const reference = referenceOf(turn)
  const [request, response] = await Promise.all([
    reader.read(reference, 'client_request'),
    reader.read(reference, 'response'),
  ])
  const isReadable = request.state === 'readable'
  return {
    log: turn.id,
    created_at: showMoment(turn.received_at),
    agent_id: turn.agent_id,
    status: turn.status,
    state: request.state,
    bytes: isReadable ? request.bytes : 0,
    fresh_bytes: isReadable ? request.freshBytes : 0,
    pieces: isReadable ? cutPieces(request.content, request.fresh, budget) : [],
    response: response.state === 'readable' ? { bytes: response.bytes, ...showText(response.content, budget) } : null,
  }
}

/** What stands in every request of a session, as it stands in the newest one. */
async function readStanding(
  reader: BodyReader,
  turn: Pick<StoredTurn, 'id' | 'workspace_id' | 'body_state' | 'shelf'>,
): Promise<z.output<typeof Replay>['newest']> {
  const kept = await reader.read(referenceOf(turn), 'client_request')
  if (kept.state !== 'readable') return null
  const { content } = kept
  try {
    const { find } = scanTopLevel(content)
    const textOf = (name: string) => {
      const member = find(name)
      return member === undefined ? null : content.toString('utf8', member.valueStart, member.valueEnd)
    }
    return { log: turn.id, system: textOf('system'), tools: textOf('tools') }
  } catch (error) {
    if (error instanceof JsonError) return null
    throw error
  }
}
