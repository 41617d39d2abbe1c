import type { Clock, Timer } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { joined } from '../../core/pieces.ts'
import type { Transport, UpstreamHandler, UpstreamTimeouts, WireRequest } from '../adapter.ts'
import { play } from './play.ts'
import { script } from './script.ts'

/**
 * The way to the provider of kind `scripted`: it is in this process, so nothing is connected. Everything else is as over
 * a socket: the answer comes in pieces, can be paused and aborted, breaks, and runs into the same timeouts.
 */
export function createScriptedTransport({ clock }: { readonly clock: Clock }): Transport {
  const open = new Set<Answering>()

  return {
    send(request, _upstream, timeouts, handler) {
      const answering = playFor(request, timeouts, handler, clock, () => open.delete(answering))
      open.add(answering)
    },

    async close() {
      for (const answering of open) answering.breakOff()
    },
  }
}

/** One answer that is still coming. */
interface Answering {
  /** Ends it the way a lost connection does. */
  breakOff(): void
}

/** Plays one request's scene to its handler; `over` is called when nothing more will come. */
function playFor(
  request: WireRequest,
  timeouts: UpstreamTimeouts,
  handler: UpstreamHandler,
  clock: Clock,
  over: () => void,
): Answering {
  let hasHead = false
  let patience: Timer | undefined

  const finish = () => {
    patience?.cancel()
    playback.stop()
    over()
  }
  const expectMore = () => {
    patience?.cancel()
    patience = clock.after(hasHead ? timeouts.idleMs : timeouts.firstByteMs, () => {
      finish()
      handler.fail(new GatewayError('upstream.timeout', hasHead ? FELL_SILENT : DID_NOT_BEGIN))
    })
  }

  const breakOff = () => {
    finish()
    handler.fail(
      hasHead
        ? new GatewayError('upstream.broken', BROKE_OFF)
        : new GatewayError('upstream.unreachable', NO_ANSWER, { retryAfterSeconds: 5 }),
    )
  }

  const playback = play(script(toScriptRequest(request)), clock, {
    begin() {
      handler.sent({
        pause() {
          patience?.cancel()
          playback.pause()
        },
        resume() {
          if (playback.stopped) return
          expectMore()
          playback.resume()
        },
        abort: finish,
      })
      if (!playback.stopped) expectMore()
    },
    head(status, headers) {
      hasHead = true
      expectMore()
      handler.head(status, headers)
    },
    bytes(bytes) {
      expectMore()
      handler.chunk(bytes)
    },
    end() {
      finish()
      handler.end()
    },
    cut: breakOff,
  })
  return { breakOff }
}

const DID_NOT_BEGIN = 'The sandbox did not begin to answer in time.'
const FELL_SILENT = 'The sandbox fell silent in the middle of its answer.'
const BROKE_OFF = 'The sandbox broke off in the middle of its answer.'
const NO_ANSWER = 'The connection to the sandbox failed before it answered.'

function toScriptRequest({ path, headers, body }: WireRequest) {
  const isCount = path.split('?', 1)[0]!.endsWith('/count_tokens')
  return { endpoint: isCount ? 'count_tokens' : 'messages', headers, body: joined(body) } as const
}
