import { member } from '../contract/answer.ts'
import type { Clock } from '../core/clock.ts'
import { type Answer, send } from './send.ts'

export interface GatewayClient {
  /** `GET /v1/health`, without a credential. */
  health(): Promise<Answer>
  /** Model ids this key may use, in the gateway's order; empty if it does not say. */
  models(key: string): Promise<readonly string[]>
  /** The smallest possible message, one token long. */
  ping(key: string, model: string): Promise<Answer>
}

/** Talks to the gateway at a base URL. Follows no redirect: Claude Code would not follow it either. */
export function createGatewayClient(parts: { url: string; version: string; clock: Clock }): GatewayClient {
  const { url, version, clock } = parts
  return {
    health: () => ask('GET', '/v1/health', { timeoutMs: 10_000 }),

    async models(key) {
      const answer = await ask('GET', '/v1/models?limit=1000', { key, timeoutMs: 10_000 })
      if (!answer.reached || answer.status !== 200) return []
      const data = member(answer.json, 'data')
      if (!Array.isArray(data)) return []
      return data.map((entry: unknown) => member(entry, 'id')).filter((id) => typeof id === 'string')
    },

    ping: (key, model) =>
      ask('POST', '/v1/messages', {
        key,
        timeoutMs: 60_000,
        body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: 'ping' }] }),
      }),
  }

  function ask(
    method: string,
    path: string,
    { key, body, timeoutMs }: { key?: string; body?: string; timeoutMs: number },
  ): Promise<Answer> {
    const headers = {
      'user-agent': `portcullis-cli/${version}`,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01' }),
    }
    return send({ method, url: url + path, headers, body, timeoutMs }, clock)
  }
}
