/**
 * A text as both engines hold it, with U+FFFD in the place of what one of them does not take: a NUL, which PostgreSQL has nowhere,
 * and half of a letter (a surrogate that stands alone), which UTF-8 does not have. A client may well write one, into the name of
 * a model for instance; its record is worth more than that character.
 */
export function storableText(text: string): string {
  const held = text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
  return held.isWellFormed() ? held : held.toWellFormed()
}
