/*
 * How far the roll-ups are, as it stands in the table `settings`. Whoever writes rows reads it in the same transaction, so that
 * a row is added up either with its insertion or by the building that goes on, and never by both.
 */

/** The name of its row. */
export const ROLL_UPS = 'rollups'

/**
 * Of the lock by which PostgreSQL keeps that promise: batches share it, the building has it alone. Any number that no other
 * program on the database uses.
 */
export const ROLL_UPS_LOCK = 7_076_385_022

export interface RollUpState {
  /** In whose hours and days they are, an IANA name. */
  readonly zone: string
  /** What is built anew from the rows, and not at its end yet. */
  readonly building?: {
    /** Milliseconds since the epoch: rows that were received from then on are still to come. */
    readonly from: number
    /** `tags`: the other sums are complete. */
    readonly what: 'all' | 'tags'
  }
}

/** Of a store that has no such row, nothing is known: everything is built. */
export function readState(value: string | undefined): RollUpState {
  if (value === undefined) return { zone: 'UTC', building: { from: 0, what: 'all' } }
  return JSON.parse(value) as RollUpState
}

export function writeState(state: RollUpState): string {
  return JSON.stringify(state)
}

/** Whether a row that was received then is added up with its insertion. */
export function isCounted({ building }: RollUpState, receivedAt: number, what: 'usage' | 'tags'): boolean {
  if (building === undefined || receivedAt < building.from) return true
  return what === 'usage' && building.what === 'tags'
}
