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

/** `Connection: close, x-foo` makes `x-foo` a header of this hop alone (RFC 9110, 7.6.1). Undefined when none is named. */
export function namedByConnection(headers: HeaderLines): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const each of headers[at + 1]!.toLowerCase().split(',')) {
      const token = each.trim()
      if (token !== 'keep-alive' && token !== 'close' && token !== '') (named ??= new Set()).add(token)
    }
  }
  return named
}

/** Whether the body is server-sent events, by its `content-type`; it may be compressed all the same. */
export function isEventStream(lines: HeaderLines): boolean {
  return header(lines, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true
}

/** How a body is compressed, in lower case; undefined when it is plain, which has more than one spelling. */
export function contentCoding(lines: HeaderLines): string | undefined {
  const coding = header(lines, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}
