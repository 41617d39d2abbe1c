import { createHash } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'

// A real client starts in under a second, but the machine may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 })

let gateway: TestGateway
let wire: RecordingProxy

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
})

/** Asks the admin API with the developer's own key. */
async function read(path: string): Promise<Response> {
  const answer = await fetch(`${gateway.url}/v1${path}`, { headers: { 'x-portkey-api-key': gateway.key } })
  expect(answer.status, path).toBe(200)
  return answer
}

const readJson = async <Answer>(path: string) => (await (await read(path)).json()) as Answer

interface List<Item> {
  readonly data: readonly Item[]
}

interface Agent {
  readonly id: string | null
  readonly depth: number
  readonly own: { readonly requests: number; readonly cost_usd: string }
  readonly total: { readonly requests: number; readonly cost_usd: string }
}

test.skipIf(findClaudeCode() === undefined)(
  'a session of Claude Code can be read months later: its turns, its agents, and every byte of every request',
  async () => {
    gateway = await startGateway({ upstream: { playAs: () => 'sandbox-agents' } })
    wire = await startRecordingProxy(gateway.url)
    const end = await runClaudeCode({
      baseUrl: wire.origin,
      token: gateway.key,
      args: ['Please look around', '--model', 'claude-opus-5-5'],
      env: { CLAUDE_CODE_MAX_RETRIES: '1' },
    })
    expect(end).toMatchObject({ exitCode: 0 })
    const calls = wire.exchanges.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/messages'))
    expect(calls.length).toBeGreaterThanOrEqual(10)

    const sessions =
      await readJson<List<{ readonly id: string; readonly requests: number; readonly cost_usd: string }>>('/sessions')
    expect(sessions.data).toHaveLength(1)
    const [session] = sessions.data
    const turns = await readJson<
      List<{ readonly id: string; readonly fresh_bytes: number; readonly request_bytes: number }>
    >(`/sessions/${session!.id}/turns?limit=200`)
    expect(turns.data).toHaveLength(session!.requests)

    const { agents } = await readJson<{ readonly agents: readonly Agent[] }>(`/sessions/${session!.id}/agents`)
    expect(agents.map(({ depth }) => depth)).toEqual([0, 1, 1])
    expect(agents[0]!.total).toMatchObject({ requests: session!.requests, cost_usd: session!.cost_usd })
    expect(agents.reduce((sum, { own }) => sum + own.requests, 0)).toBe(session!.requests)

    // Every byte that the client sent and got, next to what the upstream got where that was something else.
    for (const { answerHeaders, body, answer } of calls) {
      const id = header(answerHeaders, 'request-id')!
      const kept = await read(`/logs/${id}/bodies/client_request`)
      expect(kept.headers.get('etag')).toBe(`"${createHash('sha256').update(body).digest('hex')}"`)
      expect(Buffer.from(await kept.arrayBuffer()).equals(body), id).toBe(true)
      const response = await read(`/logs/${id}/bodies/response`)
      expect(Buffer.from(await response.arrayBuffer()).equals(answer), id).toBe(true)
      const { data } = await readJson<List<{ readonly kind: string; readonly ordinal: number }>>(`/logs/${id}/bodies`)
      const upstream = data.find(({ kind }) => kind === 'upstream_request')
      const sent =
        upstream === undefined
          ? body
          : Buffer.from(
              await (await read(`/logs/${id}/bodies/upstream_request?ordinal=${upstream.ordinal}`)).arrayBuffer(),
            )
      expect(
        gateway.upstream.requests.some((each) => each.body.equals(sent)),
        id,
      ).toBe(true)
    }

    // Told by what was new, the session is a fraction of what was sent.
    const sentBytes = turns.data.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0)
    const freshBytes = turns.data.reduce((sum, { fresh_bytes: bytes }) => sum + bytes, 0)
    expect(freshBytes).toBeLessThan(sentBytes / 2)
    const replay = await readJson<{
      readonly turns: readonly { readonly pieces: readonly { readonly text: string }[] }[]
    }>(`/sessions/${session!.id}/replay?limit=50`)
    expect(JSON.stringify(replay.turns)).toContain('Please look around')

    // What is deleted is gone, and what it came to is not.
    await gateway.admin('DELETE', `/sessions/${session!.id}`)
    for (const { answerHeaders } of calls) {
      const id = header(answerHeaders, 'request-id')!
      expect(await readJson(`/logs/${id}/bodies`)).toMatchObject({ state: 'deleted', data: [] })
    }
    const after = await readJson<List<{ readonly requests: number; readonly preview: string | null }>>(
      `/sessions/${session!.id}/turns?limit=200`,
    )
    expect(after.data.map(({ preview }) => preview)).toEqual(turns.data.map(() => null))
    expect((await readJson<{ readonly cost_usd: string }>(`/sessions/${session!.id}`)).cost_usd).toBe(session!.cost_usd)
  },
)
