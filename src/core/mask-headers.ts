import { type HeaderLines, header } from './headers.ts'

/** What stands in the place of a secret. */
export const MASK = '********'

/** One of the words of a header's name says that its value proves something. `x-portkey-config` has no such word, `x-portkey-api-key` has one. */
const SECRET_NAME =
  /(?:^|[-_])(?:auth|authorization|authentication|cookie2?|credentials?|jwt|(?:api)?keys?|pass(?:word|wd|phrase)?|secrets?|service-account(?:-json)?|signature|token)(?:$|[-_])/i

/** Keys of ours and of Anthropic's, wherever somebody has put them. */
const SECRET_VALUE = /\b(?:pcla?_|sk-)[\w-]{8,}/g

/** Members of a config that came in a header: `"api_key":"…"`. */
const SECRET_MEMBER =
  /("(?:[\w-]*[_-])?(?:authorization|(?:api)?key|password|secret|token)"\s*:\s*")(?:[^"\\]|\\.)*(?=")/gi

/** Header lines as they may be kept: every value that is a secret, or that its sender calls one, is masked. */
export function maskHeaders(lines: HeaderLines): readonly string[] {
  const named = namedSensitive(lines)
  const masked: string[] = []
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at]!
    masked.push(name, isSecret(name, named) ? MASK : maskValue(lines[at + 1]!))
  }
  return masked
}

/** `x-portkey-sensitive-headers` lists names that must not be read in a log. */
function namedSensitive(lines: HeaderLines): ReadonlySet<string> | undefined {
  const list = header(lines, 'x-portkey-sensitive-headers')
  if (list === undefined) return undefined
  return new Set(
    list
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

function isSecret(name: string, named: ReadonlySet<string> | undefined): boolean {
  return SECRET_NAME.test(name) || named?.has(name.toLowerCase()) === true
}

function maskValue(value: string): string {
  const plain = value.includes('pcl') || value.includes('sk-') ? value.replace(SECRET_VALUE, MASK) : value
  return plain.includes('"') ? plain.replace(SECRET_MEMBER, `$1${MASK}`) : plain
}
