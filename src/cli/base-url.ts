/** A base URL in the form Claude Code wants it, and what had to be said on the way. */
export interface TidyUrl {
  readonly url: string
  readonly host: string
  /** What was changed. */
  readonly notes: readonly string[]
  /** What the reader should think about. */
  readonly warnings: readonly string[]
}

/** Tidies what a person typed or pasted as the gateway's address. Throws a `RangeError` that says what is wrong. */
export function tidyBaseUrl(typed: string): TidyUrl {
  const notes: string[] = []
  const warnings: string[] = []
  const url = parse(typed.trim(), notes)

  if (url.username !== '' || url.password !== '') {
    throw new RangeError('The URL holds a user name or password. Give the key with --key instead.')
  }
  if (url.search !== '' || url.hash !== '') notes.push('Left out the part after the path.')
  let path = url.pathname.replace(/\/+$/, '')
  const version = /\/v1(\/messages)?$/.exec(path)
  if (version !== null) {
    path = path.slice(0, version.index).replace(/\/+$/, '')
    notes.push(`Left out "${version[0]}": Claude Code adds the path itself.`)
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    warnings.push('This is plain http: the key and all code travel unencrypted. Use https outside this machine.')
  }
  return { url: `${url.origin}${path}`, host: url.hostname, notes, warnings }
}

/** Whether a host name means this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function parse(typed: string, notes: string[]): URL {
  if (typed === '') throw new RangeError('The URL is empty.')
  let text = typed
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(typed)) {
    const scheme = isLoopback(/^(\[[^\]]*\]|[^:/]*)/.exec(typed)![0].toLowerCase()) ? 'http' : 'https'
    text = `${scheme}://${typed}`
    notes.push(`Took "${typed}" as ${text}.`)
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new RangeError(`"${typed}" is not a URL. It should look like https://gateway.example.com`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RangeError(`"${typed}" is not an http or https URL.`)
  }
  return url
}
