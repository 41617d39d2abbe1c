/** One server-sent event as a reader sees it. */
export interface ReadEvent {
  readonly name: string
  readonly data: string
}

/** Reads a whole event stream by the rules of the standard: any line end, comments skipped, data lines joined. */
export function readEvents(bytes: Buffer): ReadEvent[] {
  const events: ReadEvent[] = []
  let name = ''
  let data: string[] = []
  for (const line of bytes.toString().split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (data.length > 0) events.push({ name: name === '' ? 'message' : name, data: data.join('\n') })
      name = ''
      data = []
    } else {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)!
      if (field === 'event') name = value!
      if (field === 'data') data.push(value!)
    }
  }
  return events
}

/** The text that the deltas of a Messages stream add up to. */
export function readText(bytes: Buffer): string {
  return readEvents(bytes)
    .map(({ data }) => JSON.parse(data) as { delta?: { text?: string } })
    .map(({ delta }) => delta?.text ?? '')
    .join('')
}
