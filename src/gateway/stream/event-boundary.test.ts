import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBoundary } from './event-boundary.ts'

/** What the standard's line rules say about the same bytes, the slow way. */
function endsBetweenEvents(text: string): boolean {
  const lines = text.replaceAll(/\r\n?/g, '\n')
  return lines === '' || /(?:^|\n)\n$/.test(lines)
}

describe('the place between two events', () => {
  it.each([
    ['', true],
    ['data: 1', false],
    ['data: 1\n', false],
    ['data: 1\n\n', true],
    ['data: 1\r\n', false],
    ['data: 1\r\n\r\n', true],
    ['data: 1\r\r', true],
    ['data: 1\n\nevent: ping', false],
    [': a comment\n', false],
    [': a comment\n\n', true],
  ])('%j: %s', (text, expected) => {
    const boundary = new EventBoundary()
    boundary.push(Buffer.from(text))
    expect(boundary.isBetweenEvents).toBe(expected)
  })

  it('is the same however the bytes were cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc
            .array(fc.constantFrom('\n', '\r\n', '\r', 'a', 'data: x'), { maxLength: 6 })
            .map((parts) => parts.join('')),
        ),
        (chunks) => {
          const boundary = new EventBoundary()
          for (const chunk of chunks) boundary.push(Buffer.from(chunk))
          const text = chunks.join('')
          // A CR LF that was cut in two may count as ended at the CR; with the LF it is ended for certain.
          if (!text.endsWith('\r')) expect(boundary.isBetweenEvents).toBe(endsBetweenEvents(text))
        },
      ),
    )
  })
})
