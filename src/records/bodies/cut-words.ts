/** Longer than any word that somebody types: hashes, signatures and images would fill the index. */
const WORD_LENGTH_MAX = 64

/** Of all words of one text together: a row of an index in PostgreSQL takes a megabyte at most. */
const WORDS_BYTES_MAX = 500_000

/**
 * The words of a text, each once, lower-cased and in one spelling of Unicode. Text out of JSON has its escapes read first:
 * the n of a line end would otherwise stick to the word after it.
 */
export function cutWords(text: string): string[] {
  const words = new Set<string>()
  let bytes = 0
  for (const [word] of readEscapes(text).normalize('NFKC').toLowerCase().matchAll(WORD)) {
    if (word.length > WORD_LENGTH_MAX || words.has(word)) continue
    bytes += Buffer.byteLength(word)
    if (bytes > WORDS_BYTES_MAX) break
    words.add(word)
  }
  return [...words]
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu

function readEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, letter: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
    return /["\\/]/.test(letter!) ? letter! : ' '
  })
}
