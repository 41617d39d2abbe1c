import type { Clock, Timer } from '../../core/clock.ts'
import type { HeaderLines } from '../../core/headers.ts'
import type { TokenUsage } from '../../core/usage.ts'
import type { Scene, Step } from './scene.ts'

/** Where a scene is played: a socket, or a handler in the same process. */
export interface Stage {
  /** Comes first, and never while `play` is still being called. */
  begin?(): void
  head(status: number, headers: HeaderLines): void
  bytes(bytes: Buffer, billed: TokenUsage | undefined): void
  cut(): void
  end(): void
}

/** A running scene. */
export interface Playback {
  readonly stopped: boolean
  pause(): void
  resume(): void
  /** Ends the scene where it is; nothing more reaches the stage. Safe to call twice. */
  stop(): void
}

/** Plays a scene on a stage, at once up to the first wait. The stage may pause or stop the playback while it is called. */
export function play(scene: Scene, clock: Clock, stage: Stage): Playback {
  let at = 0
  let paused = false
  let stopped = false
  let running = false
  let waiting: Timer | undefined

  const run = () => {
    // A stage that resumes from within a step is still inside this loop.
    if (running) return
    running = true
    while (!paused && !stopped && waiting === undefined && at < scene.steps.length) {
      const step = scene.steps[at]!
      at += 1
      perform(step)
    }
    running = false
  }

  const perform = (step: Step) => {
    switch (step.kind) {
      case 'head':
        return stage.head(step.status, step.headers)
      case 'bytes':
        return stage.bytes(step.bytes, step.billed)
      case 'wait':
        waiting = clock.after(step.ms, () => {
          waiting = undefined
          run()
        })
        return
      case 'cut':
        return stage.cut()
      case 'silence':
        paused = true
        return
      case 'end':
        return stage.end()
    }
  }

  queueMicrotask(() => {
    if (stopped) return
    stage.begin?.()
    run()
  })

  return {
    get stopped() {
      return stopped
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      run()
    },
    stop() {
      stopped = true
      waiting?.cancel()
    },
  }
}
