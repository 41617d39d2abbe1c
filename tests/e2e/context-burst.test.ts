import { afterEach, beforeEach, expect, test } from 'vitest'
import { claudeCodeBody, countTokensBodies } from '../../src/testing/claude-code-body.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'

let gateway: TestGateway

beforeEach(async () => {
  gateway = await startGateway()
})

afterEach(() => gateway.stop())

function post(path: string, body: Buffer) {
  const headers = ['authorization', `Bearer ${gateway.key}`, 'content-type', 'application/json']
  return send(`${gateway.url}${path}`, { headers, body }).answer
}

test('the 26 counts that /context asks for at once are all served, free of charge', async () => {
  const bodies = countTokensBodies()
  const answers = await Promise.all(bodies.map((body) => post('/v1/messages/count_tokens?beta=true', body)))
  expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200))
  const received = gateway.upstream.requests.map(({ body }) => body.toString())
  expect(received.toSorted()).toEqual(bodies.map(String).toSorted())
  expect(await gateway.summary()).toMatchObject({ requests: 26, upstream_calls: 26, cost_usd: '0' })
})

test('a body of 300 KB and its answer pass through byte for byte', async () => {
  const body = claudeCodeBody({ turns: 20, bytes: 300_000 })
  const answer = await post('/v1/messages?beta=true', body)
  expect(gateway.upstream.requests[0]!.body.equals(body)).toBe(true)
  expect(answer.body.equals(gateway.upstream.requests[0]!.answer)).toBe(true)
})
