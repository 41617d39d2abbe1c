import type { Clock, Timer } from '../../core/clock.ts'
import type { Database } from '../database.ts'
import { buildStep } from './build.ts'
import { changeZone } from './change-zone.ts'
import { readRollUpState } from './read-state.ts'

export interface RollUpKeeper {
  /** Resolves when nothing is left to do that was to be done when it was called. */
  settle(): Promise<void>
  stop(): Promise<void>
}

export interface RollUpKeeperParts {
  readonly db: Database
  readonly clock: Clock
  /** The organisation's zone at the moment, an IANA name. */
  readonly zone: () => string
  readonly report: (problem: unknown) => void
}

const LOOK_EVERY_MS = 30_000
/** Between two steps, so that whoever waits for the database gets it. */
const PAUSE_MS = 20

/**
 * Keeps the roll-ups in the organisation's zone, and builds what there is not yet: once in a store from before roll-ups, and
 * after a change of the zone. Begins at once and goes on in the background.
 */
export function keepRollUps({ db, clock, zone, report }: RollUpKeeperParts): RollUpKeeper {
  let stopped = false
  let timer: Timer | undefined
  let working: Promise<void> | undefined
  let wake: (() => void) | undefined
  void work()

  return {
    async settle() {
      await working
      await work()
    },
    async stop() {
      stopped = true
      timer?.cancel()
      wake?.()
      await working
    },
  }

  function work(): Promise<void> {
    timer?.cancel()
    working ??= bringUpToDate()
      .catch(report)
      .finally(() => {
        working = undefined
        if (!stopped) timer = clock.after(LOOK_EVERY_MS, () => void work())
      })
    return working
  }

  async function bringUpToDate(): Promise<void> {
    const state = await readRollUpState(db)
    if (state.zone !== zone()) await changeZone(db, zone())
    else if (state.building === undefined) return
    while (!stopped && (await buildStep(db))) await pause()
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const waiting = clock.after(PAUSE_MS, resolve)
      wake = () => {
        waiting.cancel()
        resolve()
      }
    })
  }
}
