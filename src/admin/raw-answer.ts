import type { FastifyReply } from 'fastify'
import { z } from 'zod'

/** An answer that is bytes as they are, in place of JSON. The server answers ranges and `if-none-match` of it by itself. */
export class RawAnswer {
  readonly content: Buffer
  readonly contentType: string
  /** Strong: it names these bytes and no others. */
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>

  constructor(content: Buffer, about: Pick<RawAnswer, 'contentType' | 'etag' | 'headers'>) {
    this.content = content
    this.contentType = about.contentType
    this.etag = about.etag
    this.headers = about.headers
  }
}

/** What an endpoint says of its answer when that is raw. */
export const RawReply = z.custom<RawAnswer>((value) => value instanceof RawAnswer)

/** Headers of a request that ask for a part, or for nothing when it is known already. */
export interface RawConditions {
  readonly range?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

/** Sends it: 200 whole, 206 a part, 304 when the client has it, 416 for a part that lies outside. */
export function sendRaw(answer: RawAnswer, asked: RawConditions, reply: FastifyReply): FastifyReply {
  const { content, contentType, etag, headers } = answer
  void reply.headers({
    ...headers,
    etag,
    'accept-ranges': 'bytes',
    // What people and models wrote comes from the console's own origin here, and must not run in it.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
  })
  if (asked['if-none-match']?.split(',').some((tag) => tag.trim() === etag) === true) return reply.code(304).send()
  const range = readRange(asked.range, content.length)
  if (range === 'outside') {
    void reply.header('content-range', `bytes */${content.length}`).code(416)
    const message = `range: lies outside of the ${content.length} bytes`
    return reply.send({ success: false, data: { message, errorCode: 'AB01' } })
  }
  void reply.header('content-type', contentType)
  if (range === undefined) return reply.send(content)
  const { start, end } = range
  void reply.header('content-range', `bytes ${start}-${end - 1}/${content.length}`).code(206)
  return reply.send(content.subarray(start, end))
}

/** One range of bytes (RFC 9110, 14.1.2). Several, or another unit, are answered with the whole. */
function readRange(header: string | undefined, length: number) {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  const [, from = '', to = ''] = match ?? []
  if (match === null || (from === '' && to === '')) return undefined
  if (from === '') return Number(to) === 0 ? 'outside' : { start: Math.max(0, length - Number(to)), end: length }
  const start = Number(from)
  const end = to === '' ? length : Math.min(length, Number(to) + 1)
  if (start >= length) return 'outside'
  return end <= start ? undefined : { start, end }
}
