import type { AnswerError } from './answer-tap.ts'

/** An upstream may write a page into its message; a log line and a record need its beginning. */
const MESSAGE_LENGTH_MAX = 2_000

/** The `error` object of Anthropic's envelope, with plain words in place of what it leaves out. */
export function readError(error: unknown): AnswerError {
  const { type, message } = isRecord(error) ? error : {}
  return {
    type: typeof type === 'string' ? type : 'api_error',
    message: typeof message === 'string' ? message.slice(0, MESSAGE_LENGTH_MAX) : '',
  }
}

/** Whether a parsed value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
