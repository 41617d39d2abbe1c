import { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import { speaksAnthropic } from './describe-client.ts'

type Explained = { readonly kind: 'anthropic'; readonly error: GatewayError } | { readonly kind: 'portkey' }

/**
 * Says what is wrong with a path that nothing answers. The usual reason is a base URL with a piece too many, which the
 * client shows as a missing model unless somebody names it.
 */
export function explainWrongPath(method: string, url: string, headers: HeaderLines): Explained {
  const path = url.split('?', 1)[0]!
  const mistake = nameMistake(path)
  if (mistake !== undefined) return { kind: 'anthropic', error: new GatewayError('request.wrong_base_url', mistake) }
  if (!speaksAnthropic(headers)) return { kind: 'portkey' }
  return {
    kind: 'anthropic',
    error: new GatewayError(
      'request.not_found',
      `${method} ${path.slice(0, 120)} does not exist on this gateway. It serves /v1/messages, /v1/messages/count_tokens and /v1/models.`,
    ),
  }
}

function nameMistake(path: string): string | undefined {
  if (/^\/v1\/v1(?:\/|$)/.test(path)) {
    return 'The base URL ends in /v1, so this request went to /v1/v1. Remove /v1 from the end of ANTHROPIC_BASE_URL.'
  }
  if (/^\/model\/[^/]+\/(?:invoke|converse)/.test(path) || path.startsWith('/inference-profiles')) {
    return 'This is a call in the format of Amazon Bedrock. Remove CLAUDE_CODE_USE_BEDROCK and set ANTHROPIC_BASE_URL to the gateway: it reaches Bedrock by itself.'
  }
  if (/:(?:raw|streamRaw)Predict$/.test(path)) {
    return 'This is a call in the format of Google Vertex AI. Remove CLAUDE_CODE_USE_VERTEX and set ANTHROPIC_BASE_URL to the gateway: it reaches Vertex by itself.'
  }
  const messages = /^(.*?)\/?(?:v1\/)?messages(?:\/count_tokens)?\/?$/.exec(path)
  if (messages !== null) {
    const prefix = messages[1]!
    return prefix === '' || prefix === '/'
      ? `Messages live at /v1/messages here, and this request went to ${path.slice(0, 120)}. Set ANTHROPIC_BASE_URL to the gateway’s address alone.`
      : `The base URL has a path (${prefix.slice(0, 80)}) that this gateway does not serve. Set ANTHROPIC_BASE_URL to the gateway’s address alone.`
  }
  return undefined
}
