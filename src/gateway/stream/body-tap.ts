import { estimateTokens } from '../../core/estimate-tokens.ts'
import { JsonError, parseMember, readString, scanTopLevel, type TopLevel } from '../../core/json.ts'
import { mergeUsage, readUsage, reportsInput, type WireUsage } from '../../core/read-usage.ts'
import type { AnswerError, AnswerTap } from './answer-tap.ts'
import { readError } from './read-error.ts'

/** Most bytes of an answer that are kept for reading. No model writes that much: 128,000 tokens are half a megabyte. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024

/** Of `usage` and `error`. */
const MEMBER_LIMITS = { bytesMax: 1024 * 1024, depthMax: 16 }

const OPEN_BRACE = 0x7b
const SPACE = 0x20

/** The tap on an answer that is one JSON object, read when its last byte has come. */
export function createBodyTap(): AnswerTap {
  let chunks: Buffer[] = []
  let answerBytes = 0
  let firstByte: number | undefined
  let whole = false
  let abandoned = false
  let ended = false
  let stopReason: string | undefined
  let modelServed: string | undefined
  let errorEvent: AnswerError | undefined
  let usage: WireUsage = {}

  function read(): void {
    const bytes = Buffer.concat(chunks)
    chunks = []
    const members = scan(bytes)
    if (members === undefined) return
    const parsed = (name: string): unknown => parsedMember(bytes, members, name)
    if (readString(bytes, members.find('type')) === 'error') {
      errorEvent = readError(parsed('error'))
      return
    }
    whole = true
    modelServed = readString(bytes, members.find('model'))
    stopReason = readString(bytes, members.find('stop_reason'))
    usage = mergeUsage({}, parsed('usage'))
  }

  /** A page of HTML is no answer of a model, and an error costs no tokens. */
  const outputEstimate = (): number =>
    firstByte === OPEN_BRACE && errorEvent === undefined ? estimateTokens(answerBytes) : 0

  return {
    push(chunk) {
      if (ended || chunk.length === 0) return
      // Some hosts send white space to keep the connection alive while the model works.
      firstByte ??= chunk.find((byte) => byte > SPACE)
      answerBytes += chunk.length
      if (answerBytes > ANSWER_BYTES_MAX) {
        abandoned = true
        chunks = []
      }
      if (!abandoned) chunks.push(chunk)
    },
    end(seen) {
      if (!ended && !abandoned) read()
      ended = true
      seen?.()
    },
    get started() {
      return whole
    },
    get contentStarted() {
      return whole
    },
    get finished() {
      return whole
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
      return outputEstimate()
    },
    get inputReported() {
      return reportsInput(usage)
    },
    get outputReported() {
      return usage.output_tokens !== undefined
    },
    report() {
      return readUsage(usage.output_tokens === undefined ? { ...usage, output_tokens: outputEstimate() } : usage)
    },
  }
}

function scan(bytes: Buffer): TopLevel | undefined {
  try {
    return scanTopLevel(bytes)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

function parsedMember(bytes: Buffer, members: TopLevel, name: string): unknown {
  const member = members.find(name)
  if (member === undefined) return undefined
  try {
    return parseMember(bytes, member, MEMBER_LIMITS)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
