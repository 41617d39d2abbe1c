/**
 * Header lines as they stood on the wire: name, value, name, value. Case, order and repetition are kept, because an open
 * list that has been through a map is no longer the list that arrived.
 */
export type HeaderLines = readonly string[]

/** The first value of a header, by its lower-case name. */
export function header(lines: HeaderLines, name: string): string | undefined {
  for (let at = 0; at < lines.length; at += 2) {
    const line = lines[at]!
    if (line.length === name.length && line.toLowerCase() === name) return lines[at + 1]
  }
  return undefined
}
