import { header } from '../../core/headers.ts'
import type { Scene } from '../../providers/scripted/scene.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../scripted-upstream.ts'
import { answerScene, documentScene, type Fault, type FaultPlan } from './faults.ts'
import { type GoogleTokens, type GoogleTokensOptions, startGoogleTokens } from './google-tokens.ts'
import { judgeVertexBody, judgeVertexBetas } from './vertex-rules.ts'

/**
 * Claude on Google Cloud, on loopback: it takes what Google takes, refuses what Google refuses, in Google's words, and answers with the scripted
 * provider's scenes.
 *
 *     const vertex = await startVertexStandIn({ faults: faultsInOrder('unavailable') })
 *     // An account of kind `vertex-ai`, whose hosts (`vertex.trustedHosts`) are trusted:
 *     //   configurations: { ...vertex.configurations, custom_host: vertex.origin }
 *     await vertex.stop()
 */
export interface VertexStandIn {
  /** Scheme, host and port; goes into `custom_host`. */
  readonly origin: string
  /** Settings and secrets of an account here, by their names in the admin API. */
  readonly configurations: {
    readonly vertex_auth_type: 'serviceAccount'
    readonly vertex_project_id: string
    readonly vertex_region: string
    readonly vertex_service_account_json: string
    readonly custom_host: string
  }
  /** For `TRUSTED_CUSTOM_HOSTS`. */
  readonly trustedHosts: readonly string[]
  readonly tokens: GoogleTokens
  readonly requests: ScriptedUpstream['requests']
  arrived: ScriptedUpstream['arrived']
  billed: ScriptedUpstream['billed']
  stop(): Promise<void>
}

export interface VertexStandInOptions {
  readonly project?: string
  readonly location?: string
  readonly faults?: FaultPlan
  /** A sandbox model, such as `sandbox-agents`, whose behaviour answers instead of that of the model named. */
  readonly playAs?: string
  readonly tokens?: GoogleTokensOptions
}

export async function startVertexStandIn(options: VertexStandInOptions = {}): Promise<VertexStandIn> {
  const { project = 'acme-claude', location = 'global', faults = () => undefined } = options
  const tokens = await startGoogleTokens({ project, ...options.tokens })
  let messageCalls = 0
  const server = await startScriptedUpstream({ direct: answer })
  const models = `/v1/projects/${project}/locations/${location}/publishers/anthropic/models/`

  function answer({ method, path, headers, body }: UpstreamRequest): Scene {
    const token = /^Bearer (.+)$/.exec(header(headers, 'authorization') ?? '')?.[1]
    if (token === undefined || !tokens.knows(token)) return googleError('unauthenticated')
    const place = path.startsWith(models) ? /^([^:/?]+):(\w+)$/.exec(path.slice(models.length)) : null
    if (method !== 'POST' || place === null) return notFound(path)
    const [, model = '', verb = ''] = place
    const endpoint = model === 'count-tokens' && verb === 'rawPredict' ? 'count_tokens' : 'messages'
    if (
      endpoint === 'messages' &&
      (!/^claude-[a-z0-9.-]+(@\d{8})?$/.test(model) || !/^(streamR|r)awPredict$/.test(verb))
    ) {
      return notFound(path)
    }

    let document: Record<string, unknown>
    try {
      document = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    } catch {
      return invalid('Request payload is not valid JSON.')
    }
    const problem =
      judgeVertexBetas(headers, endpoint) ??
      judgeVertexBody({
        document,
        bytes: body.length,
        endpoint,
        model,
        streaming: verb === 'streamRawPredict',
        headers,
      })
    if (problem !== undefined) return problem.by === 'platform' ? invalid(problem.text) : modelError(400, problem.text)

    const fault = endpoint === 'messages' ? faults(messageCalls++) : undefined
    return (
      (fault === undefined ? undefined : ERRORS[fault]?.()) ??
      answerScene({ model, ...document }, endpoint, fault, options.playAs)
    )
  }

  return {
    origin: server.origin,
    configurations: {
      vertex_auth_type: 'serviceAccount',
      vertex_project_id: project,
      vertex_region: location,
      vertex_service_account_json: tokens.keyFile,
      custom_host: server.origin,
    },
    trustedHosts: [new URL(server.origin).host, new URL(tokens.origin).host],
    tokens,
    requests: server.requests,
    arrived: server.arrived,
    billed: server.billed,
    async stop() {
      await Promise.all([server.stop(), tokens.stop()])
    },
  }
}

const ERRORS: Partial<Record<Fault, () => Scene>> = {
  internal: () => googleError('internal'),
  unavailable: () => googleError('unavailable'),
  'rate-limited': () => googleError('rate-limited'),
  forbidden: () => googleError('forbidden'),
  unauthenticated: () => googleError('unauthenticated'),
  overloaded: () => modelError(529, 'Overloaded', 'overloaded_error'),
}

type PlatformFault = 'internal' | 'unavailable' | 'rate-limited' | 'forbidden' | 'unauthenticated'

const PLATFORM_ERRORS: Record<PlatformFault, readonly [code: number, status: string, message: string]> = {
  internal: [500, 'INTERNAL', 'Internal error encountered.'],
  unavailable: [503, 'UNAVAILABLE', 'The service is currently unavailable.'],
  'rate-limited': [429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for online_prediction_requests in projects/acme-claude.'],
  forbidden: [403, 'PERMISSION_DENIED', "Permission 'aiplatform.endpoints.predict' denied on project acme-claude."],
  unauthenticated: [401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
}

/** Google's own error; an exhausted quota and an absent service come as the one element of an array, as they do on streams. */
function googleError(fault: PlatformFault): Scene {
  const [code, status, message] = PLATFORM_ERRORS[fault]
  const document = { error: { code, message, status } }
  return documentScene(code, fault === 'unavailable' || fault === 'rate-limited' ? [document] : document)
}

function notFound(path: string): Scene {
  return documentScene(404, { error: { code: 404, message: `There is nothing at ${path}`, status: 'NOT_FOUND' } })
}

function invalid(message: string): Scene {
  return documentScene(400, { error: { code: 400, message, status: 'INVALID_ARGUMENT' } })
}

function modelError(status: number, message: string, type = 'invalid_request_error'): Scene {
  return documentScene(status, { type: 'error', error: { type, message }, request_id: 'req_vrtx_011CStandIn' })
}
