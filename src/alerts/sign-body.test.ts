import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { signBody } from './sign-body.ts'

/* The code that the guide gives to receivers is the judge of our signature. */

const guide = readFileSync(new URL('../../docs/guide/alerts.md', import.meta.url), 'utf8')

const SECRET = 'whsec_a-secret-of-the-tests'
const BODY = '{"title":"The budget of key “ci” is spent","data":{"spent":"0.01"}}'
const NOW = Date.now()
const HEADER = signBody(SECRET, BODY, NOW)

/** Header, body, secret, and whether a receiver may believe them. */
const CASES: readonly (readonly [string, string, string, string, boolean])[] = [
  ['what we sent', HEADER, BODY, SECRET, true],
  ['another body', HEADER, BODY.replace('0.01', '0.02'), SECRET, false],
  ['another secret', HEADER, BODY, `${SECRET}x`, false],
  ['another moment', HEADER.replace(/t=\d+/, `t=${Math.floor(NOW / 1000) + 1}`), BODY, SECRET, false],
  ['an old one', signBody(SECRET, BODY, NOW - 301_000), BODY, SECRET, false],
  ['half a signature', HEADER.slice(0, -2), BODY, SECRET, false],
  ['no signature', `t=${Math.floor(NOW / 1000)}`, BODY, SECRET, false],
  ['nothing', '', BODY, SECRET, false],
]

describe('the guide’s Node', async () => {
  const { isOurs } = (await import(`data:text/javascript,${encodeURIComponent(codeOf('js'))}`)) as {
    isOurs(header: string, body: string, secret: string): boolean
  }

  it.each(CASES)('judges %s rightly', (_what, header, body, secret, isGood) => {
    expect(isOurs(header, body, secret)).toBe(isGood)
  })
})

describe.skipIf(spawnSync('python3', ['--version']).status !== 0)('the guide’s Python', () => {
  it('judges all of them rightly', () => {
    const program = `import json, sys\n${codeOf('python')}\nprint(json.dumps([is_ours(h, b.encode(), s) for h, b, s in json.load(sys.stdin)]))`
    const input = JSON.stringify(CASES.map(([, header, body, secret]) => [header, body, secret]))
    expect(JSON.parse(execFileSync('python3', ['-c', program], { input, encoding: 'utf8' }))).toEqual(
      CASES.map(([, , , , isGood]) => isGood),
    )
  })
})

/** The one block of the guide in that language. */
function codeOf(language: string): string {
  const blocks = [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))]
  expect(blocks).toHaveLength(1)
  return blocks[0]![1]!
}
