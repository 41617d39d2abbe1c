/**
 * Bytes of JSON per token. English prose is nearer to four, source code and escaped JSON lie between three and four, and
 * a Chinese character has three bytes and about one token. Three is the dear side of all of them: an estimate only stands
 * in where a provider told us nothing, and must not let spending pass unseen.
 */
const BYTES_PER_TOKEN = 3

/** Tokens that so many bytes of JSON can be expected to hold, rather too many than too few. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / BYTES_PER_TOKEN)
}
