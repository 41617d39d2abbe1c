import { isObject } from '../../core/is-object.ts'
import { estimateTokens } from '../../core/estimate-tokens.ts'
import { mergeUsage, readUsage, reportsInput, type WireUsage } from '../../core/read-usage.ts'
import type { AnswerError, AnswerTap } from './answer-tap.ts'
import { readError } from './read-error.ts'
import { createEventReader } from './sse.ts'

/** What a text delta's JSON weighs without its text; the other deltas weigh a few bytes more, which then count as text. */
const DELTA_FRAME_BYTES = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}'.length

/**
 * The tap on a streamed answer. It reads `message_start`, `message_delta` and `error`, notes `message_stop`, and of content
 * only how many bytes it has.
 */
export function createUsageTap(): AnswerTap {
  let started = false
  let contentStarted = false
  let finished = false
  let abandoned = false
  let stopReason: string | undefined
  let modelServed: string | undefined
  let errorEvent: AnswerError | undefined
  let usage: WireUsage = {}
  /** A `message_delta` told a count; the one in `message_start` is only where counting began. */
  let outputCounted = false
  let contentBytes = 0
  let ended = false

  const reader = createEventReader({
    event(kind, data, dataBytes) {
      const json = data === undefined ? NOTHING : parse(data)
      note(kind ?? json['type'], json, dataBytes)
    },
    dropped() {
      abandoned = true
    },
  })

  function note(type: unknown, json: Readonly<Record<string, unknown>>, dataBytes: number): void {
    switch (type) {
      case 'content_block_delta':
        contentStarted = true
        contentBytes += Math.max(0, dataBytes - DELTA_FRAME_BYTES)
        return
      case 'content_block_start':
        contentStarted = true
        return
      case 'message_start': {
        if (!isObject(json['message'])) return
        started = true
        const { model, usage: first } = json['message']
        if (typeof model === 'string') modelServed = model
        usage = mergeUsage(usage, first)
        return
      }
      case 'message_delta': {
        const last = json['usage']
        usage = mergeUsage(usage, last)
        if (mergeUsage({}, last).output_tokens !== undefined) outputCounted = true
        if (isObject(json['delta']) && typeof json['delta']['stop_reason'] === 'string') {
          stopReason = json['delta']['stop_reason']
        }
        return
      }
      case 'message_stop':
        finished = true
        return
      case 'error':
        errorEvent ??= readError(json['error'])
    }
  }

  /** Counts grow during a stream, so one that content may have followed is only a floor. */
  const outputReported = (): boolean => outputCounted && (finished || stopReason !== undefined)

  return {
    push(chunk) {
      if (!ended) reader.push(chunk)
    },
    end(seen) {
      if (!ended) reader.end()
      ended = true
      seen?.()
    },
    get started() {
      return started
    },
    get contentStarted() {
      return contentStarted
    },
    get finished() {
      return finished
    },
    get stopReason() {
      return stopReason
    },
    get modelServed() {
      return modelServed
    },
    get errorEvent() {
      return errorEvent
    },
    get abandoned() {
      return abandoned
    },
    get outputEstimate() {
      return estimateTokens(contentBytes)
    },
    get inputReported() {
      return reportsInput(usage)
    },
    get outputReported() {
      return outputReported()
    },
    report() {
      if (outputReported()) return readUsage(usage)
      const output = Math.max(usage.output_tokens ?? 0, estimateTokens(contentBytes))
      return readUsage({ ...usage, output_tokens: output })
    },
  }
}

const NOTHING: Readonly<Record<string, unknown>> = {}

/** The reader keeps no event beyond its limit, so this parses at most that much. */
function parse(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(data.toString('utf8'))
    return isObject(json) ? json : NOTHING
  } catch {
    return NOTHING
  }
}
