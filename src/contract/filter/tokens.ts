import type { Pattern, Problem } from './filter.ts'

/* Cuts the text of a filter into terms, with the place of each piece. What a name or a value means is not known here. */

export interface RawTerm {
  readonly from: number
  readonly to: number
  readonly not: boolean
  /** Undefined for words without a field. */
  readonly name: RawPiece | undefined
  readonly values: readonly RawValue[]
}

interface RawPiece {
  readonly from: number
  readonly to: number
  readonly text: string
}

export interface RawValue extends RawPiece {
  /** `text` with its quotes read and its stars taken as gaps. */
  readonly pattern: Pattern
  /** Whether all of it stands in quotes. */
  readonly quoted: boolean
}

export interface Tokens {
  readonly terms: readonly RawTerm[]
  readonly problems: readonly Problem[]
}

export function readTokens(text: string): Tokens {
  const terms: RawTerm[] = []
  const problems: Problem[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text[at])) at++
    if (at >= text.length) return { terms, problems }
    terms.push(readTerm())
  }

  function readTerm(): RawTerm {
    const from = at
    const not = text[at] === '-' && at + 1 < text.length && !isSpace(text[at + 1])
    if (not) at++
    const name = readName()
    const values = [readValue()]
    while (text[at] === ',') {
      at++
      values.push(readValue())
    }
    return { from, to: at, not, name, values }
  }

  /** Up to a colon that comes before any space or comma; a tag's name may stand in quotes. */
  function readName(): RawPiece | undefined {
    const from = at
    let read = ''
    let end = at
    while (end < text.length && !isSpace(text[end]) && text[end] !== ',' && text[end] !== ':') {
      if (text[end] !== '"') {
        read += text[end++]
        continue
      }
      // Quotes at the very beginning are a text to search for, not a name.
      if (end === from) return undefined
      const quote = readQuote(end)
      read += quote.text
      end = quote.to
    }
    if (text[end] !== ':' || end === from) return undefined
    at = end + 1
    return { from, to: end, text: read }
  }

  function readValue(): RawValue {
    const from = at
    const pattern = ['']
    let quotes = 0
    let bare = 0
    const add = (piece: string) => (pattern[pattern.length - 1] += piece)
    while (at < text.length && !isSpace(text[at]) && text[at] !== ',') {
      if (text[at] === '"') {
        const quote = readQuote(at)
        if (!quote.closed) {
          problems.push({
            from: at,
            to: text.length,
            message: 'This quotation mark is not closed; add another " at the end.',
          })
        }
        add(quote.text)
        at = quote.to
        quotes++
      } else if (text[at] === '*') {
        // Two stars in a row are no more than one.
        if (pattern.length < 2 || pattern.at(-1) !== '') pattern.push('')
        at++
        bare++
      } else {
        add(text[at]!)
        at++
        bare++
      }
    }
    return { from, to: at, text: text.slice(from, at), pattern, quoted: quotes > 0 && bare === 0 }
  }

  /** Within quotes a backslash takes the next character as it is. */
  function readQuote(start: number): { readonly text: string; readonly to: number; readonly closed: boolean } {
    let read = ''
    let end = start + 1
    while (end < text.length && text[end] !== '"') {
      if (text[end] === '\\' && end + 1 < text.length) end++
      read += text[end++]
    }
    return { text: read, to: Math.min(end + 1, text.length), closed: end < text.length }
  }
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character)
}

/** A literal as it has to stand in a filter to be read as itself. */
export function quoteIfNeeded(literal: string): string {
  return literal === '' || /[\s,:"\\*]|^-|\.\./.test(literal) ? quote(literal) : literal
}

export function quote(literal: string): string {
  return `"${literal.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
