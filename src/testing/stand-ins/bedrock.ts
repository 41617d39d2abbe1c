import { header } from '../../core/headers.ts'
import type { Scene, Step } from '../../providers/scripted/scene.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../scripted-upstream.ts'
import { eventFrame, exceptionFrame, inFrames } from './bedrock-frames.ts'
import { judgeBedrock } from './bedrock-rules.ts'
import { answerScene, documentScene, type Fault } from './faults.ts'
import { isSignedWith } from './verify-sigv4.ts'

/**
 * bedrock-runtime on loopback: InvokeModel and its stream, CountTokens and the Messages endpoint. It checks signatures, refuses what Bedrock
 * refuses, in Bedrock's words, and answers with the scripted provider's scenes.
 *
 *     const bedrock = await startBedrockStandIn({ faults: faultsInOrder('exception-first') })
 *     // An account of kind `bedrock` with `bedrock.key` and `bedrock.configurations`; its host (`bedrock.trustedHosts`) is trusted.
 *     await bedrock.stop()
 */
export interface BedrockStandIn extends Pick<ScriptedUpstream, 'origin' | 'requests' | 'arrived' | 'billed' | 'stop'> {
  /** The secret access key. */
  readonly key: string
  readonly configurations: {
    readonly aws_auth_type: 'accessKey'
    readonly aws_region: string
    readonly aws_access_key_id: string
    readonly custom_host: string
  }
  /** For `TRUSTED_CUSTOM_HOSTS`. */
  readonly trustedHosts: readonly string[]
}

/** Beside what may go wrong with every platform, what only a stream in frames can suffer. */
export type BedrockFault =
  | Fault
  | 'exception-first'
  | 'exception-later'
  | 'bad-checksum'
  | 'oversized-frame'
  | 'truncated-frame'

export interface BedrockStandInOptions {
  /** By the number of the Messages call, counted from 0. */
  readonly faults?: (ordinal: number) => BedrockFault | undefined
  /** A sandbox model whose behaviour answers instead of that of the model named. */
  readonly playAs?: string
}

const REGION = 'us-east-1'
const KEY_ID = 'AKIDEXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

export async function startBedrockStandIn(options: BedrockStandInOptions = {}): Promise<BedrockStandIn> {
  const { faults = () => undefined, playAs } = options
  let messageCalls = 0
  const server = await startScriptedUpstream({ direct: answer })

  function answer(request: UpstreamRequest): Scene {
    const { path, headers, body } = request
    if (header(headers, 'authorization') === undefined)
      return awsError(403, 'MissingAuthenticationToken', 'Missing Authentication Token')
    if (!isSignedWith(request, SECRET)) {
      return awsError(
        403,
        'InvalidSignature',
        'The request signature we calculated does not match the signature you provided.',
      )
    }
    const document = parse(body)
    if (document === undefined) return validation('Malformed input request, please reformat your input and try again.')
    const [, id = '', action = ''] = /^\/model\/([^/]+)\/([\w-]+)$/.exec(path) ?? []
    const model = decodeURIComponent(id)
    if (action === 'count-tokens') return count(document, model)
    if (action === 'invoke' || action === 'invoke-with-response-stream') {
      const betas = Array.isArray(document['anthropic_beta']) ? document['anthropic_beta'].map(String) : []
      const streaming = action !== 'invoke'
      if (model.startsWith('anthropic.') && !model.includes('-3-')) {
        return validation(`Invocation of model ID ${model} with on-demand throughput isn’t supported.`)
      }
      const problem = judgeBedrock({ document, model, betas, surface: 'invoke' })
      if (problem !== undefined) return validation(problem)
      return message({ ...document, model: nameOf(model), stream: streaming }, streaming)
    }
    if (path === '/anthropic/v1/messages') {
      const betas = header(headers, 'anthropic-beta')?.split(/ *, */) ?? []
      const asked = String(document['model'])
      const problem = judgeBedrock({ document, model: asked, betas, surface: 'messages' })
      return problem === undefined ? message({ ...document, model: nameOf(asked) }, false) : validation(problem)
    }
    return awsError(404, 'UnknownOperation', '')
  }

  /** `framed` for an answer in AWS's event stream. */
  function message(document: Readonly<Record<string, unknown>>, framed: boolean): Scene {
    const fault = faults(messageCalls++)
    const refusal = fault === undefined ? undefined : REFUSALS[fault]
    if (refusal !== undefined) return awsError(...refusal)
    if (isOfFrames(fault)) return damaged(inFrames(answerScene(document, 'messages', undefined, playAs)), fault)
    const scene = answerScene(document, 'messages', fault, playAs)
    const head = scene.steps.find((step) => step.kind === 'head')
    const isEvents =
      head !== undefined && header(head.headers, 'content-type')?.startsWith('text/event-stream') === true
    return framed && isEvents ? inFrames(scene) : scene
  }

  function count(document: Readonly<Record<string, unknown>>, model: string): Scene {
    if (!model.startsWith('anthropic.')) return validation('The provided model doesn’t support counting tokens.')
    const input = document['input'] as { readonly invokeModel?: { readonly body?: string } } | undefined
    const inner = parse(Buffer.from(input?.invokeModel?.body ?? '', 'base64'))
    if (inner === undefined) return validation('The body of invokeModel is no JSON.')
    const betas = Array.isArray(inner['anthropic_beta']) ? inner['anthropic_beta'].map(String) : []
    const problem = judgeBedrock({ document: inner, model, betas, surface: 'invoke' })
    if (problem !== undefined) return validation(problem)
    const scene = answerScene({ ...inner, model: nameOf(model) }, 'count_tokens', undefined)
    const counted = scene.steps.find((step) => step.kind === 'bytes')
    const { input_tokens } = parse(counted?.bytes ?? Buffer.alloc(0)) ?? {}
    return documentScene(200, { inputTokens: input_tokens })
  }

  return {
    origin: server.origin,
    key: SECRET,
    configurations: {
      aws_auth_type: 'accessKey',
      aws_region: REGION,
      aws_access_key_id: KEY_ID,
      custom_host: server.origin,
    },
    trustedHosts: [new URL(server.origin).host],
    requests: server.requests,
    arrived: server.arrived,
    billed: server.billed,
    stop: server.stop,
  }
}

const REFUSALS: Partial<Record<BedrockFault, Parameters<typeof awsError>>> = {
  internal: [
    500,
    'InternalServer',
    'The system encountered an unexpected error during processing. Try your request again.',
  ],
  unavailable: [503, 'ServiceUnavailable', 'The service is temporarily unavailable.'],
  overloaded: [503, 'ServiceUnavailable', 'Too many connections, please wait before trying again.'],
  'rate-limited': [429, 'Throttling', 'Too many requests, please wait before trying again.'],
  forbidden: [
    403,
    'AccessDenied',
    'User: arn:aws:iam::123456789012:user/gateway is not authorized to perform: bedrock:InvokeModel',
  ],
  unauthenticated: [403, 'UnrecognizedClient', 'The security token included in the request is invalid.'],
}

type FrameFault = Exclude<BedrockFault, Fault>

function isOfFrames(fault: BedrockFault | undefined): fault is FrameFault {
  return fault !== undefined && /^(exception-|bad-checksum|oversized-|truncated-)/.test(fault)
}

/** The first event is right, unless the fault is in its place. */
function damaged({ steps }: Scene, fault: FrameFault): Scene {
  const head = steps.filter((step) => step.kind === 'head')
  const first = steps.find((step) => step.kind === 'bytes' && step.bytes.length > 0)
  const good: Step[] = fault === 'exception-first' || first === undefined ? [] : [first]
  return { steps: [...head, ...good, { kind: 'bytes', bytes: DAMAGE[fault]() }, { kind: 'end' }] }
}

const DELTA = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"damaged"}}'

const DAMAGE: Record<FrameFault, () => Buffer> = {
  'exception-first': () => exceptionFrame('throttlingException', { message: 'Too many tokens, please wait.' }),
  'exception-later': () => exceptionFrame('serviceUnavailableException', { message: 'Bedrock is unable to process.' }),
  'bad-checksum': () => {
    const bytes = eventFrame(DELTA)
    bytes[bytes.length - 1]! ^= 0xff
    return bytes
  },
  // 512 MiB with a right checksum: what follows would fill the memory of whoever believes it.
  'oversized-frame': () => Buffer.from('20000000000000009c54bd3f', 'hex'),
  'truncated-frame': () => eventFrame(DELTA).subarray(0, 40),
}

/** Bedrock's ids in the names that the scenes know. */
function nameOf(model: string): string {
  return model.replace(/^([\w-]+\.)?anthropic\./, '').replace(/-v\d+(:\d+)?$/, '')
}

function validation(message: string): Scene {
  return awsError(400, 'Validation', message)
}

function awsError(status: number, name: string, message: string): Scene {
  return documentScene(status, { message }, [
    'x-amzn-errortype',
    `${name}Exception:http://internal.amazon.com/`,
    'x-amzn-requestid',
    'aws-req-1',
  ])
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}
