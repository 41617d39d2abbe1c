import { header } from '../../core/headers.ts'
import type { Scene } from '../../providers/scripted/scene.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../scripted-upstream.ts'
import { answerScene, documentScene, type Fault, type FaultPlan } from './faults.ts'

/**
 * A resource of Microsoft Foundry with the sign-in of Entra ID, on loopback.
 *
 *     const foundry = await startFoundryStandIn({ deployments: ['claude-opus-4-8'] })
 *     // An account of kind `azure-ai` with `foundry.configurations` and `foundry.apiKey`; its host (`foundry.trustedHosts`) is trusted.
 *     await foundry.stop()
 */
export interface FoundryStandIn {
  readonly origin: string
  readonly apiKey: string
  /** The settings of an account with an API key; saved with `custom_host`, because loopback is no address of Azure's. */
  readonly configurations: {
    readonly azure_auth_mode: 'apiKey'
    readonly azure_foundry_url: string
    readonly custom_host: string
  }
  /** An application that may ask for tokens at `origin`. */
  readonly application: { readonly tenant: string; readonly client: string; readonly secret: string }
  readonly trustedHosts: readonly string[]
  /** Calls and token requests, in the order of arrival. */
  readonly requests: ScriptedUpstream['requests']
  /** How many tokens were given out. */
  readonly issued: number
  arrived: ScriptedUpstream['arrived']
  billed: ScriptedUpstream['billed']
  stop(): Promise<void>
}

export interface FoundryStandInOptions {
  /** The names of deployments; any name that begins with `claude-` without this. */
  readonly deployments?: readonly string[]
  readonly faults?: FaultPlan
  /** A sandbox model, such as `sandbox-agents`, whose behaviour answers instead of that of the model named. */
  readonly playAs?: string
  /** An answer instead of a token, for the token request of that number from 0. */
  readonly refuseToken?: (ordinal: number) => { readonly status: number; readonly document: unknown } | undefined
}

const API_KEY = 'a-foundry-key-of-tests'
const APPLICATION = {
  tenant: '7f1d2c3b-0000-4000-8000-000000000001',
  client: '7f1d2c3b-0000-4000-8000-000000000002',
  secret: 'a-secret-of-an-application',
}

/** Fields that this host refuses: `speed` is a deployment of its own, the rest belongs to Anthropic's own API. */
const REFUSED_FIELDS = ['speed', 'inference_geo', 'service_tier', 'fallbacks']

export async function startFoundryStandIn(options: FoundryStandInOptions = {}): Promise<FoundryStandIn> {
  const { deployments, faults = () => undefined, refuseToken = () => undefined } = options
  const tokens = new Set<string>()
  let tokenRequests = 0
  let messageCalls = 0
  const server = await startScriptedUpstream({ direct: answer })

  function answer(request: UpstreamRequest): Scene {
    const { method, path } = request
    if (method === 'POST' && path === `/${APPLICATION.tenant}/oauth2/v2.0/token`) return giveToken(request)
    if (method === 'POST' && path === '/anthropic/v1/messages') return serve(request, 'messages')
    if (method === 'POST' && path === '/anthropic/v1/messages/count_tokens') return serve(request, 'count_tokens')
    return documentScene(404, { error: { code: '404', message: 'Resource not found' } })
  }

  function giveToken({ body }: UpstreamRequest): Scene {
    const refusal = refuseToken(tokenRequests++)
    if (refusal !== undefined) return documentScene(refusal.status, refusal.document)
    const form = new URLSearchParams(body.toString('utf8'))
    const isRight =
      form.get('grant_type') === 'client_credentials' &&
      form.get('client_id') === APPLICATION.client &&
      form.get('client_secret') === APPLICATION.secret &&
      form.get('scope') === 'https://ai.azure.com/.default'
    if (!isRight)
      return documentScene(401, { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret.' })
    const token = `eyJ.stand-in-${tokens.size + 1}`
    tokens.add(token)
    return documentScene(200, { token_type: 'Bearer', expires_in: 3599, access_token: token })
  }

  function serve({ headers, body }: UpstreamRequest, endpoint: 'messages' | 'count_tokens'): Scene {
    const bearer = /^Bearer (.+)$/.exec(header(headers, 'authorization') ?? '')?.[1]
    const isKnown = header(headers, 'x-api-key') === API_KEY || (bearer !== undefined && tokens.has(bearer))
    if (!isKnown) return azureError('unauthenticated')
    if (header(headers, 'anthropic-version') === undefined) return modelError('anthropic-version: header is required')
    const document = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    const model = String(document['model'])
    if (!(deployments?.includes(model) ?? model.startsWith('claude-'))) {
      return documentScene(404, {
        error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
      })
    }
    const strange = REFUSED_FIELDS.find((name) => name in document)
    if (strange !== undefined) return modelError(`${strange}: Extra inputs are not permitted`)
    const fault = endpoint === 'messages' ? faults(messageCalls++) : undefined
    return (
      (fault === undefined ? undefined : azureError(fault)) ?? answerScene(document, endpoint, fault, options.playAs)
    )
  }

  return {
    origin: server.origin,
    apiKey: API_KEY,
    configurations: {
      azure_auth_mode: 'apiKey',
      azure_foundry_url: `${server.origin}/anthropic`,
      custom_host: `${server.origin}/anthropic/v1`,
    },
    application: APPLICATION,
    trustedHosts: [new URL(server.origin).host],
    requests: server.requests,
    get issued() {
      return tokens.size
    },
    arrived: server.arrived,
    billed: server.billed,
    stop: () => server.stop(),
  }
}

const AZURE_ERRORS: Partial<Record<Fault, readonly [status: number, code: string, message: string]>> = {
  internal: [500, 'InternalServerError', 'The server had an error while processing your request.'],
  unavailable: [503, 'ServiceUnavailable', 'The service is temporarily unable to process your request.'],
  'rate-limited': [429, 'RateLimitReached', 'Your requests have exceeded the token rate limit of this deployment.'],
  forbidden: [
    403,
    'Forbidden',
    'The principal lacks the required data action on /subscriptions/1234/resourceGroups/ai.',
  ],
  unauthenticated: [401, 'PermissionDenied', 'Access denied due to invalid subscription key.'],
}

function azureError(fault: 'unauthenticated'): Scene
function azureError(fault: Fault): Scene | undefined
function azureError(fault: Fault): Scene | undefined {
  if (fault === 'overloaded') {
    return documentScene(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
  }
  const known = AZURE_ERRORS[fault]
  return known && documentScene(known[0], { error: { code: known[1], message: known[2] } })
}

function modelError(message: string): Scene {
  return documentScene(400, { type: 'error', error: { type: 'invalid_request_error', message } })
}
