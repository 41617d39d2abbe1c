import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../core/masking/compile.ts'
import { CHAPTER_LIMITS, createChapterIndex } from '../segments/chapter-index.ts'
import { rebuild } from '../segments/range.ts'
import { createMask } from './create-mask.ts'

const mask = createMask(
  compileRules([
    { name: 'email' },
    { name: 'credit_card' },
    { name: 'staff number', pattern: 'EMP-[0-9]{6}' },
    { name: 'code name', pattern: '(?i)projekt-größe' },
  ]),
)

/** Keeps bodies one after the other; gives what lies in the segments, and what is read of each body. */
function keep(bodies: readonly Buffer[], { forgetful = false, narrow = false } = {}) {
  const limits = narrow
    ? { bodiesMax: 2, bodyBytesMin: 0, bodyBytesMax: 5_000, notesMax: 40, rangesMax: 25 }
    : CHAPTER_LIMITS
  const index = createChapterIndex({ ...limits, bodyBytesMin: 0 }, mask)
  const segments: Buffer[] = []
  const kept = bodies.map((body) => {
    if (forgetful) index.forgetBodies()
    const added = index.add(body)
    if (added.fresh.length > 0) segments.push(added.fresh)
    return { read: rebuild(added.ranges, (segment) => segments[segment]!), masked: added.masked }
  })
  return { stored: Buffer.concat(segments), kept }
}

/** Keys in two pieces, so that who looks for some in this repository finds none. */
const PEM = `-----${'BEGIN'} RSA PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/+\n'.repeat(30)}-----END RSA PRIVATE KEY-----`
const CANARIES = [
  `sk-ant-${'api03'}-Zm9vYmFyYmF6cXV4-0123456789abcdefghijklmnopqrstuvwxyz_AA`,
  'https://deploy:hunter2-and-more@git.example.org/x',
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWEtY2FuYXJ5',
  'canary.person@mail.example.org',
  '4111 1111 1111 1111',
  'EMP-424242',
  'Projekt-Größe',
  PEM,
]

const prose = fc.string({
  unit: fc.constantFrom('a', 'be', ' ', '\n', 'é', '"', '\\', '7', '-', '. ', '{', '😀'),
  maxLength: 120,
})
const said = fc
  .array(
    fc.oneof(prose, prose, fc.constantFrom(...CANARIES), fc.constantFrom(...CANARIES.map((one) => one.slice(0, 24)))),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(' '))

const change = fc.record({
  kind: fc.constantFrom('say', 'say', 'mark', 'insert', 'cut', 'swap', 'splice', 'pretty'),
  of: fc.nat(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(200),
  text: said,
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** Bodies as clients make them of each other, and as nobody does: cut in the middle of a word, and joined again. */
function bodiesFrom(changes: readonly Change[]): Buffer[] {
  const bodies: Buffer[] = []
  let messages: { role: string; content: unknown }[] = []
  const write = (indent?: number) =>
    bodies.push(Buffer.from(JSON.stringify({ model: 'm', messages, system: 'be brief '.repeat(30) }, null, indent)))
  for (const { kind, of, at, length, text } of changes) {
    const base = bodies[of % Math.max(1, bodies.length)] ?? Buffer.from('{}')
    const from = Math.floor(at * base.length)
    if (kind === 'say') messages = [...messages, { role: 'user', content: [{ type: 'text', text, cache_control: {} }] }]
    if (kind === 'insert') messages = [{ role: 'user', content: text }, ...messages]
    if (kind === 'mark') messages = messages.map(({ role, content }) => ({ role, content: unmarked(content) }))
    if (kind === 'swap') messages = messages.toReversed()
    if (kind === 'cut') bodies.push(Buffer.concat([base.subarray(0, from), base.subarray(from + length)]))
    else if (kind === 'splice')
      bodies.push(Buffer.concat([base.subarray(0, from), Buffer.from(text), base.subarray(from)]))
    else write(kind === 'pretty' ? 2 : undefined)
  }
  return bodies
}

function unmarked(content: unknown): unknown {
  return Array.isArray(content) ? (content[0] as { text: string }).text : content
}

test('whatever bodies come, what the rules find in each of them is masked where it is read, and nothing else is changed', () => {
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      (changes, forgetful, narrow) => {
        const bodies = bodiesFrom(changes)
        const { kept } = keep(bodies, { forgetful, narrow })
        for (const [at, { read, masked }] of kept.entries()) {
          const body = bodies[at]!
          const isMasked = new Uint8Array(body.length)
          for (const { offset, length } of masked) isMasked.fill(1, offset, offset + length)
          // What is found when all of the body is looked at in one piece; marks of structure may stay.
          for (const { offset, length } of mask(body, [{ offset: 0, length: body.length }])) {
            for (let byte = offset; byte < offset + length; byte += 1) {
              if (isMasked[byte] === 0 && !'{}[]:,"\n\r\t '.includes(String.fromCharCode(body[byte]!))) {
                expect.fail(`byte ${byte} of body ${at} is not masked`)
              }
            }
          }
          expect(read.length).toBe(body.length)
          for (let byte = 0; byte < body.length; byte += 1) {
            if (isMasked[byte] === 0 ? read[byte] !== body[byte] : read[byte] !== 0x2a && read[byte] !== 0x39) {
              expect.fail(`byte ${byte} of body ${at} is not what it should be`)
            }
          }
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('no secret lies in what is kept, however often it was repeated', () => {
  const strict = CANARIES.slice(0, 2).concat(PEM)
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      (changes, forgetful, narrow) => {
        const { stored, kept } = keep(bodiesFrom(changes), { forgetful, narrow })
        for (const canary of strict) {
          const spelled = JSON.stringify(canary.replace(/^.*hunter/, 'hunter').replace(/@.*$/, '@')).slice(1, -1)
          expect(stored.includes(spelled)).toBe(false)
          for (const { read } of kept) expect(read.includes(spelled)).toBe(false)
        }
      },
    ),
    { numRuns: 100 },
  )
})

const filler = 'words that are of no importance to anybody and go on for a while, '.repeat(5)

test('a secret that was cut in two by the end of a body is masked when it goes on in the next', () => {
  const secret = CANARIES[0]!
  for (const cutAt of [4, 9, 14, 20, 40, secret.length - 1]) {
    const first = Buffer.from(`{"messages":"${filler}${secret.slice(0, cutAt)}"}`)
    const second = Buffer.from(`{"messages":"${filler}${secret} and more"}`)
    const { kept, stored } = keep([first, second])
    expect(kept[1]!.read.includes(secret.slice(cutAt))).toBe(false)
    expect(stored.includes(secret)).toBe(false)
  }
})

test('a piece that was no secret in other words is kept once more where it is one', () => {
  const value = 'value-of-a-setting-that-is-long-enough-to-be-a-piece-of-its-own-0123456789'
  const harmless = Buffer.from(JSON.stringify({ a: filler, b: value, c: filler }))
  const secret = Buffer.from(JSON.stringify({ a: filler, user_identity: value, c: filler }))
  const { kept } = keep([harmless, secret, harmless])
  expect(kept[0]!.read.equals(harmless)).toBe(true)
  expect(kept[1]!.read.includes(value)).toBe(false)
  expect(kept[1]!.masked).toEqual([{ offset: secret.indexOf(value), length: value.length, rule: 'client_identity' }])
})

test('two pieces that make a secret only together are masked where they meet', () => {
  const head = Buffer.from(`{"text":"${filler}sk-ant-api03-`)
  const tail = Buffer.from(`Zm9vYmFyYmF6cXV4aaaa ${filler}"}`)
  const bodies = [
    Buffer.concat([head, Buffer.from(` ${filler}"}`)]),
    Buffer.concat([Buffer.from(`{"text":"${filler} `), tail]),
    Buffer.concat([head, tail]),
  ]
  const { kept } = keep(bodies)
  expect(kept[2]!.read.includes('Zm9vYmFyYmF6')).toBe(false)
})

test('what is kept can still be parsed: quotes, escapes and numbers stay what they are', () => {
  const body = Buffer.from(
    `{"a":"say \\"${CANARIES[0]}\\" \\n","n":4222222222222,"k":"${PEM.replaceAll('\n', '\\n')}","e":"EMP\\u002d424242","l":[1,4222222222222]}`,
  )
  const { read, masked } = keep([body]).kept[0]!
  const parsed = JSON.parse(read.toString()) as Record<string, unknown>
  expect(parsed).toEqual({
    a: `say "${'*'.repeat(CANARIES[0]!.length)}" \n`,
    n: 9_999_999_999_999,
    k: expect.stringMatching(/^\*+$/) as string,
    e: '*'.repeat(15),
    l: [1, 9_999_999_999_999],
  })
  expect(masked.map(({ rule }) => rule)).toEqual([
    'anthropic_key',
    'credit_card',
    'private_key',
    'staff number',
    'credit_card',
  ])
})

test('bytes that are no JSON are masked in both readings of a backslash', () => {
  const { read } = keep([Buffer.from(`C:\\new\\EMP-424242 and EMP\\u002d424242`)]).kept[0]!
  expect(read.toString()).toBe(`C:\\new\\********** and ***************`)
})

test('the identity of a person in the context of the classifier is masked', () => {
  const body = Buffer.from(
    JSON.stringify({
      safeguards: [{ classifier_context: { live_cwd: '/w', user_identity: 'Ada "A" L', branch: 'main' } }],
    }),
  )
  const { read } = keep([body]).kept[0]!
  expect(read.toString()).not.toContain('Ada')
  expect(JSON.parse(read.toString())).toMatchObject({ safeguards: [{ classifier_context: { branch: 'main' } }] })
})

test('halves of a secret that come together when what stood between them goes are masked', () => {
  const halves = ['sk-ant-api03-', 'Zm9vYmFyYmF6cXV4aaaa']
  const [apart, together] = [' ', ''].map((between) =>
    Buffer.from(`{"text":"${filler}${halves.join(between)} ${filler}"}`),
  )
  const { kept } = keep([apart!, together!])
  expect(kept[0]!.read.equals(apart!)).toBe(true)
  expect(kept[1]!.read.includes(halves[1]!)).toBe(false)
})

test('pieces that lie side by side in what is kept, and never stood so in a body, are looked at where they meet', () => {
  const rules = createMask(compileRules([{ name: 'pair', pattern: 'alpha":"omega' }]))
  const index = createChapterIndex(CHAPTER_LIMITS, rules)
  const short = (name: string) => Array.from({ length: 40 }, (_, at) => `"${name}${at}":"short"`).join(',')
  const alpha = `{${short('p')},"alpha":"`
  const between = `${'k'.repeat(80)}",${short('g')},"q":"`
  const omega = `omega ${'of no importance '.repeat(60)}`
  const bodies = [`{"x":"${between}${'r'.repeat(80)}"}`, `${alpha}${between}${omega}"}`, `${alpha}${omega}"}`].map(
    (body) => Buffer.from(body),
  )
  const segments: Buffer[] = []
  const read = bodies.map((body) => {
    const { fresh, ranges } = index.add(body)
    if (fresh.length > 0) segments.push(fresh)
    return rebuild(ranges, (segment) => segments[segment]!).toString()
  })
  expect(segments[1]!.toString()).toContain(`${alpha}${omega}`)
  expect(read[1]).toBe(bodies[1]!.toString())
  expect(read[2]).toBe(`${alpha}${omega}"}`.replace('alpha":"omega', '*****":"*****'))
})

test('of what has more secrets in it than can be told, everything is masked', () => {
  const body = Buffer.from(JSON.stringify({ list: Array.from({ length: 30_000 }, (_, at) => `EMP-${100_000 + at}`) }))
  const { read, masked } = keep([body, Buffer.from(body)]).kept[1]!
  expect(read.includes('EMP')).toBe(false)
  expect(masked).toEqual([{ offset: 0, length: body.length, rule: 'too_many' }])
})

test('what becomes a private key by one letter is masked to its end', () => {
  const key = JSON.stringify(PEM).slice(1, -1)
  const [before, now] = ['EGIN', 'BEGIN'].map((word) =>
    Buffer.from(`{"text":"${filler}${key.replace(/^-+BEGIN/, word)} ${filler}"}`),
  )
  const { kept } = keep([before!, now!])
  expect(kept[0]!.masked).toEqual([])
  expect(kept[1]!.read.includes('MIIE')).toBe(false)
})
