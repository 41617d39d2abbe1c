import { type HeaderLines, header } from '../core/headers.ts'
import type { ExchangeRecord } from '../records/record.ts'

export type ClientFacts = Pick<
  ExchangeRecord,
  'client' | 'clientVersion' | 'agentId' | 'parentAgentId' | 'promptId' | 'requestClass'
>

/**
 * What a client says of itself in its headers. Claude Code sends the session since 2.1.150 and the agents for sub-agents;
 * prompt id and request class only with CLAUDE_CODE_GATEWAY_HINT_HEADERS=1. All of it is a claim: good for filing, not for deciding.
 */
export function describeClient(headers: HeaderLines): ClientFacts {
  let client: string | undefined
  let clientVersion: string | undefined
  let agentId: string | undefined
  let parentAgentId: string | undefined
  let promptId: string | undefined
  let requestClass: string | undefined
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!
    // The length decides first: this loop runs over some 25 headers of every request.
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === 'user-agent') [client, clientVersion] = readUserAgent(headers[at + 1]!)
        break
      case 22:
        if (name.toLowerCase() === 'x-claude-code-agent-id') agentId = clip(headers[at + 1]!)
        break
      case 29:
        if (name.toLowerCase() === 'x-claude-code-parent-agent-id') parentAgentId = clip(headers[at + 1]!)
        break
      case 23:
        if (name.toLowerCase() === 'x-claude-code-prompt-id') promptId = clip(headers[at + 1]!)
        break
      case 27:
        if (name.toLowerCase() === 'x-claude-code-request-class') requestClass = clip(headers[at + 1]!)
        break
    }
  }
  return { client, clientVersion, agentId, parentAgentId, promptId, requestClass }
}

/** `claude-cli/2.1.330 (external, cli)`: product and version of the first token. */
function readUserAgent(value: string): [string | undefined, string | undefined] {
  const space = value.indexOf(' ')
  const token = space === -1 ? value : value.slice(0, space)
  const slash = token.indexOf('/')
  if (slash === -1) return [token === '' ? undefined : clip(token), undefined]
  const product = token.slice(0, slash)
  const version = token.slice(slash + 1).split('/', 1)[0]
  return [product === '' ? undefined : clip(product), version && clip(version)]
}

function clip(value: string): string {
  return value.length > 128 ? value.slice(0, 128) : value
}

/** Whether a request comes from a client that reads Anthropic's shapes rather than Portkey's. */
export function speaksAnthropic(headers: HeaderLines): boolean {
  return (
    header(headers, 'anthropic-version') !== undefined ||
    /^(?:claude-cli|claude-code|anthropic)\b/i.test(header(headers, 'user-agent') ?? '')
  )
}
