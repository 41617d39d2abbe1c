import ipaddr from 'ipaddr.js'

/*
 * Where a provider may live. An administrator writes the host, the gateway sends a stored credential there: a host that
 * leads back into our own network would turn the gateway into a tunnel. The rule is asked twice, of the written host when
 * it is saved and of every address it resolves to when a connection is opened; a name can change its mind in between.
 */

/** What a written host comes to. `reason` is a sentence for the person who wrote it. */
export type HostVerdict =
  | {
      readonly allowed: true
      /** Scheme, host and port, such as `https://api.anthropic.com`. */
      readonly origin: string
      /** Lower case, without port; an IPv6 address stands without brackets. */
      readonly hostname: string
      /** The path without a slash at its end; empty or such as `/v1`. */
      readonly basePath: string
      /** An administrator listed it, so it may resolve to a private address. */
      readonly trusted: boolean
    }
  | { readonly allowed: false; readonly reason: string }

/**
 * Checks the address of a provider, such as `https://api.anthropic.com/v1`. `trusted` lists hosts an operator vouches for:
 * `host`, `host:port`, or `*.domain`; IPv6 addresses in brackets.
 */
export function checkHost(url: string, trusted: readonly string[]): HostVerdict {
  const written = /^(https?):\/\/([^/?#]+)([^?#]*)(\?|#)?/i.exec(url)
  if (written === null) return refuse('it has to begin with https:// (or http:// for a trusted host) and name a host')
  const [, , authority = '', path = '', rest] = written
  if (!/^[\x21-\x7e]+$/.test(url))
    return refuse('it may hold printable ASCII only; write an international name in its xn-- form')
  if (url.includes('\\')) return refuse('it may not hold a backslash')
  if (authority.includes('@')) return refuse('it may not carry a user name or password')
  if (authority.includes('%')) return refuse('its host may not be percent-encoded')
  if (rest !== undefined) return refuse('it may not carry a query or fragment')
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)) return refuse('its path may not climb with . or ..')
  if (!URL.canParse(url)) return refuse('it is not a valid address')

  const { protocol, hostname, host, origin, pathname } = new URL(url)
  const bare = hostname.replace(/^\[|\]$/g, '')
  const verdict = {
    allowed: true,
    origin,
    hostname: bare,
    basePath: pathname.replace(/\/+$/, ''),
    trusted: isTrusted(hostname, host, portOf(protocol, host), trusted),
  } as const
  if (verdict.basePath.includes('//')) return refuse('its path holds two slashes in a row')

  const spelling = withoutPort(authority).toLowerCase()
  if (spelling.endsWith('.')) return refuse('its host may not end in a dot')
  if (ipaddr.isValid(bare)) {
    // The URL parser reads 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1. Whoever spells an address so has something to hide.
    if (spelling !== hostname) return refuse(`its address is spelt oddly; write it as ${hostname}`)
    if (isMapped(bare)) return refuse('an IPv4 address may not hide in an IPv6 address')
  } else if (spelling !== hostname || !HOST_NAME.test(hostname)) {
    return refuse('its host is not a plain host name')
  }
  if (verdict.trusted) return verdict

  if (ipaddr.isValid(bare)) {
    if (isPrivateAddress(bare))
      return refuse('it is a private, loopback, link-local, shared or metadata address', 'trust')
  } else {
    const labels = hostname.split('.')
    if (labels.length > LABELS_MAX) return refuse(`its host has more than ${LABELS_MAX} labels`)
    if (labels.length === 1) return refuse('a name without a dot means a machine of this network', 'trust')
    if (RESERVED_TLDS.has(labels.at(-1)!))
      return refuse(`.${labels.at(-1)} names are reserved for private networks`, 'trust')
    if (FORBIDDEN_DOMAINS.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))) {
      return refuse('it is a metadata host, or a name that resolves to whatever address its caller wishes', 'trust')
    }
  }
  if (protocol === 'http:') return refuse('a credential may travel without encryption to a trusted host only', 'trust')
  return verdict
}

/**
 * Whether an IP address is anything but a public one. What cannot be read, has a special purpose, or carries another
 * address inside (IPv4-mapped, NAT64, 6to4, Teredo) counts as private.
 */
export function isPrivateAddress(ip: string): boolean {
  if (!ipaddr.isValid(ip) || METADATA_ADDRESSES.has(ip)) return true
  const address = ipaddr.parse(ip)
  if (address.range() !== 'unicast') return true
  // Public IPv6 addresses are 2000::/3 (RFC 4291, section 2.4); the library calls everything unassigned unicast.
  return address.kind() === 'ipv6' && address.toByteArray()[0]! >> 5 !== 1
}

const LABELS_MAX = 10

/** Letters, digits, inner hyphens, and the underscores that some private names carry. */
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/

/** RFC 6761, 6762, 7686 and the names that routers and offices give themselves. */
const RESERVED_TLDS: ReadonlySet<string> = new Set([
  'local',
  'localdomain',
  'localhost',
  'internal',
  'intranet',
  'private',
  'lan',
  'home',
  'corp',
  'arpa',
  'test',
  'example',
  'invalid',
  'onion',
  'alt',
])

/** Metadata services with public names, and public name servers that answer with the address written in the question. */
const FORBIDDEN_DOMAINS = [
  'metadata.goog',
  'nip.io',
  'sslip.io',
  'xip.io',
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'lacolhost.com',
  'rbndr.us',
]

/** Metadata services outside the reserved ranges: the platform channel of Azure's virtual machines. */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16'])

function refuse(reason: string, remedy?: 'trust'): HostVerdict {
  return {
    allowed: false,
    reason: remedy === undefined ? reason : `${reason}; an operator can list it in TRUSTED_CUSTOM_HOSTS`,
  }
}

function isTrusted(hostname: string, host: string, port: string, trusted: readonly string[]): boolean {
  return trusted.some((entry) => {
    const wanted = entry.trim().toLowerCase()
    if (wanted.startsWith('*.')) return hostname.endsWith(wanted.slice(1))
    return wanted === hostname || wanted === host || wanted === `${hostname}:${port}`
  })
}

/** The URL parser drops a port that its scheme implies; a list of trusted hosts may still name it. */
function portOf(protocol: string, host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? (protocol === 'https:' ? '443' : '80')
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, '')
}

function isMapped(ip: string): boolean {
  const address = ipaddr.parse(ip)
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
}
