import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

function open() {
  const lines: string[] = []
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) })
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> }
}

test('a line has its level, its time, its facts and its message', () => {
  const { log, last } = open()
  log.warn({ provider: '@prod', status: 529 }, 'the provider is busy')
  expect(last()).toMatchObject({ level: 'warn', provider: '@prod', status: 529, msg: 'the provider is busy' })
  expect(last()['time']).toMatch(/^\d{4}-/)
})

test('an error is told with its stack and all its causes', () => {
  const { log, last } = open()
  const error = new Error('no route', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
  log.error({ err: error }, 'failed')
  expect(last()['err']).toMatchObject({
    type: 'Error',
    message: 'no route',
    stack: expect.stringContaining('logger.test'),
    cause: { message: 'refused', code: 'ECONNREFUSED' },
  })
  log.error(error)
  expect(last()).toMatchObject({ msg: 'no route', err: { message: 'no route' } })
})

test('what goes round in a circle, or deeper than anybody reads, is cut', () => {
  const { log, last } = open()
  const round: Record<string, unknown> = {}
  round['self'] = round
  let deep: object = {}
  for (let at = 0; at < 50; at++) deep = { deep }
  log.info({ round, deep }, 'odd')
  expect(last()).toMatchObject({ round: { self: '[circular]' } })
  expect(JSON.stringify(last())).toContain('[deeper]')
})

/** Secrets with the text that they are in; the middle one is what must not be seen. */
const letters = fc.string({
  unit: fc.constantFrom(...'abcdefghijkmnpqrstuvwxyzABCDEFGH23456789'.split('')),
  minLength: 40,
  maxLength: 48,
})
const secret = letters.chain((word) =>
  fc.constantFrom(
    { word, text: `pcl_${word}` },
    { word, text: `sk-ant-api03-${word}` },
    { word, text: `Authorization: Bearer 7${word}` },
    { word, text: `postgres://portcullis:${word}@db.internal:5432/gateway` },
    { word, text: `AccountKey=${word}==` },
    { word, text: `{"password":"${word}"}` },
  ),
)

/** Places where a text can get into a log. */
type Hide = (text: string) => unknown
const hiding = fc
  .array(
    fc.constantFrom<(inner: unknown) => unknown>(
      (inner) => ({ inner }),
      (inner) => [1, inner],
      (inner) => new Error('outer', { cause: inner }),
      (inner) => Object.assign(new Error('outer'), { detail: inner }),
      (inner) => new AggregateError([inner], 'several'),
    ),
    { maxLength: 4 },
  )
  .map(
    (layers): Hide =>
      (text) =>
        layers.reduce<unknown>((inner, wrap) => wrap(inner), new Error(`it said ${text}.`)),
  )

test('no key, token or password gets into the log, wherever it stands', () => {
  fc.assert(
    fc.property(secret, hiding, fc.boolean(), ({ word, text }, hide, alone) => {
      const { log, lines } = open()
      if (alone) log.error(hide(text) as object)
      else log.error({ err: hide(text), note: text, [text]: 1 }, `while asking with ${text}`)
      log.info(`said ${text}`)
      expect(lines).toHaveLength(2)
      for (const line of lines) {
        expect(() => JSON.parse(line) as unknown).not.toThrow()
        expect(line).not.toContain(word)
      }
    }),
  )
})

test('what is named like a secret is none to see, however deep and whatever its shape', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('password', 'Token', 'x-api-key', 'secret', 'credential', 'Authorization', 'set-cookie', 'key'),
      fc.oneof(fc.constant('plainly-visible'), fc.constant({ inner: ['plainly-visible'] })),
      fc.integer({ min: 0, max: 6 }),
      (name, value, depth) => {
        const { log, lines } = open()
        let facts: object = { [name]: value }
        for (let at = 0; at < depth; at++) facts = { nested: facts }
        log.info(facts, 'told')
        expect(lines[0]).not.toContain('plainly-visible')
      },
    ),
  )
})
