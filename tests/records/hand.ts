import type { RecordRules } from '../../src/core/record-rules.ts'
import type { BodyReference } from '../../src/records/bodies/body-reader.ts'
import type { Bodies } from '../../src/records/bodies/create-transcripts.ts'
import type { Transcript } from '../../src/records/transcript.ts'
import { ENVELOPE } from './envelope.ts'

export const RULES: RecordRules = { content: 'full', contentDays: 30, masking: [], searchable: false }

export interface Handed {
  readonly id: string
  readonly request: Buffer
  readonly response?: Buffer
  readonly scope?: string
  readonly workspaceId?: string
  readonly rules?: Partial<RecordRules>
  readonly receivedAt?: number
}

/** An exchange that has begun. */
export function begin(
  bodies: Bodies,
  { id, request, scope = 'ses_1', workspaceId = 'ws_a', rules, receivedAt = 0 }: Handed,
): Transcript {
  return bodies.begin({
    exchangeId: id,
    endpoint: 'messages',
    workspaceId,
    scope,
    agentId: undefined,
    receivedAt,
    rules: { ...RULES, ...rules },
    request,
  })
}

/** A whole exchange, and by what it is found again. */
export function hand(bodies: Bodies, handed: Handed): BodyReference {
  const transcript = begin(bodies, handed)
  if (handed.response !== undefined) transcript.response(handed.response)
  transcript.end(ENVELOPE)
  return referenceOf(handed, transcript)
}

export function referenceOf({ id, workspaceId = 'ws_a' }: Handed, { state, shelf }: Transcript): BodyReference {
  return { exchangeId: id, workspaceId, state, shelf: shelf ?? null }
}
