import type { Span } from '../../core/json.ts'
import type { MaskedRange } from '../bodies/body-reader.ts'
import { viewText } from '../masking/text-view.ts'
import { maskedWithin } from '../segments/masked-stretches.ts'

/** Of what a list shows of a request, and of a title. */
export const PREVIEW_LENGTH_MAX = 200

/** Letters take up to six bytes; a beginning of only spaces is not worth more. */
const READ_BYTES_MAX = 2_000

/** The beginning of a string of a body, in one line, with stars where it is masked. */
export function previewOf(body: Buffer, { start, end }: Span, masked: readonly MaskedRange[]): string | undefined {
  const bytes = Buffer.from(body.subarray(start, Math.min(end, start + READ_BYTES_MAX)))
  for (const { offset, length } of maskedWithin(masked, start, start + bytes.length)) {
    bytes.fill('*', offset - start, offset - start + length)
  }
  return oneLine(viewText(bytes, 0, bytes.length, true).text)
}

/** Without control characters and halves of letters, as no database and no page minds; undefined when nothing is left. */
export function oneLine(text: string): string | undefined {
  const line = text
    .replaceAll(/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]+/g, ' ')
    .trim()
    .slice(0, PREVIEW_LENGTH_MAX)
    .toWellFormed()
    .replaceAll('\ufffd', '')
    .trimEnd()
  return line === '' ? undefined : line
}
