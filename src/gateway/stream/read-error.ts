import { isObject } from '../../core/is-object.ts'
import type { AnswerError } from './answer-tap.ts'

/** An upstream may write a page into its message; a log line and a record need its beginning. */
const MESSAGE_LENGTH_MAX = 2_000

/** The `error` object of Anthropic's envelope, with plain words in place of what it leaves out. */
export function readError(error: unknown): AnswerError {
  const { type, message } = isObject(error) ? error : {}
  return {
    type: typeof type === 'string' ? type : 'api_error',
    message: typeof message === 'string' ? message.slice(0, MESSAGE_LENGTH_MAX) : '',
  }
}
