import type { WireErrorType } from '../../core/errors.ts'
import { scanTopLevel, parseMember, readInteger, readString } from '../../core/json.ts'

/** An error of AWS in Anthropic's terms. */
export interface MappedError {
  readonly status: number
  readonly type: string
  /** Without anything that names the account. */
  readonly message: string
}

/** What AWS says of an error: as an HTTP answer, or as a frame in the middle of a stream. */
export interface AwsError {
  /** Undefined in a frame. */
  readonly status: number | undefined
  /** `ThrottlingException`, `throttlingException`, `com.amazon.coral.service#ThrottlingException:http://…`; undefined when not said. */
  readonly name: string | undefined
  readonly body: Buffer
}

type Kind = readonly [status: number, type: WireErrorType]

const INVALID: Kind = [400, 'invalid_request_error']
const NOT_FOUND: Kind = [404, 'not_found_error']
const RATE_LIMITED: Kind = [429, 'rate_limit_error']
const FAILED: Kind = [500, 'api_error']
const TIMED_OUT: Kind = [504, 'timeout_error']
const OVERLOADED: Kind = [529, 'overloaded_error']
/** The gateway's own proof was refused. As 401 it never reaches the client, whose own key is fine. */
const CREDENTIAL: Kind = [401, 'authentication_error']

/** By the names of AWS's exceptions: API reference of bedrock-runtime, and the common errors of all AWS services. */
const KINDS: Readonly<Record<string, Kind>> = {
  accessdenied: CREDENTIAL,
  expiredtoken: CREDENTIAL,
  incompletesignature: CREDENTIAL,
  internalserver: FAILED,
  invalidclienttokenid: CREDENTIAL,
  invalidsignature: CREDENTIAL,
  missingauthenticationtoken: CREDENTIAL,
  modelerror: FAILED,
  modelnotready: RATE_LIMITED,
  modelstreamerror: FAILED,
  modeltimeout: TIMED_OUT,
  notauthorized: CREDENTIAL,
  optinrequired: CREDENTIAL,
  requestexpired: CREDENTIAL,
  requesttimetooskewed: CREDENTIAL,
  resourcenotfound: NOT_FOUND,
  servicequotaexceeded: RATE_LIMITED,
  serviceunavailable: OVERLOADED,
  signaturedoesnotmatch: CREDENTIAL,
  throttling: RATE_LIMITED,
  unrecognizedclient: CREDENTIAL,
  validation: INVALID,
}

export function mapError(error: AwsError): MappedError {
  const said = readBody(error.body)
  if (said.envelopeType !== undefined) {
    // The Messages surfaces and the first-party platform may answer in Anthropic's own words.
    return { status: error.status ?? 500, type: said.envelopeType, message: redact(said.message) }
  }
  const name = plainName(error.name ?? said.name)
  const [status, type] = kindOf(name, error.status, said)
  return { status, type, message: redact(wording(said.message, name)) }
}

/** The Anthropic envelope of an error, as JSON. */
export function envelopeOf({ type, message }: MappedError): string {
  return JSON.stringify({ type: 'error', error: { type, message } })
}

/** `x-amzn-errortype` and `__type` put a namespace in front and an address behind. */
export function plainName(name: string | undefined): string | undefined {
  return name
    ?.replace(/^.*#/, '')
    .replace(/:.*$/s, '')
    .replace(/Exception$/, '')
    .toLowerCase()
}

function kindOf(name: string | undefined, status: number | undefined, said: Said): Kind {
  if (name === 'accessdenied' && /access to the model/i.test(said.message)) return NOT_FOUND
  if (name === 'validation' && UNKNOWN_MODEL.test(said.message)) return NOT_FOUND
  if ((name === 'modelerror' || name === 'modelstreamerror') && said.originalStatus !== undefined) {
    return kindByStatus(said.originalStatus)
  }
  const known = name !== undefined && Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  return known ?? (status === undefined ? FAILED : kindByStatus(status))
}

/** A model that this account or region does not serve is a 400 for Bedrock, like a slip in the body. */
const UNKNOWN_MODEL = /on-demand throughput|model identifier is invalid|end of its life|marked by provider as legacy/i

function kindByStatus(status: number): Kind {
  switch (status) {
    case 401:
    case 403:
      return CREDENTIAL
    case 404:
      return NOT_FOUND
    case 408:
    case 504:
      return TIMED_OUT
    case 413:
      return [413, 'request_too_large']
    case 429:
      return RATE_LIMITED
    case 503:
    case 529:
      return OVERLOADED
    default:
      return status >= 400 && status < 500 ? INVALID : FAILED
  }
}

interface Said {
  readonly message: string
  readonly name: string | undefined
  readonly originalStatus: number | undefined
  /** `error.type`, if the body is an Anthropic envelope. */
  readonly envelopeType: string | undefined
}

const NOTHING_SAID: Said = { message: '', name: undefined, originalStatus: undefined, envelopeType: undefined }

function readBody(body: Buffer): Said {
  try {
    const { find } = scanTopLevel(body)
    const inner = find('error')
    if (inner !== undefined) {
      const error = parseMember(body, inner, { bytesMax: 64 * 1024, depthMax: 16 })
      if (isEnvelopeError(error)) return { ...NOTHING_SAID, message: error.message, envelopeType: error.type }
    }
    const original = readString(body, find('originalMessage'))
    return {
      message: original ?? readString(body, find('message')) ?? readString(body, find('Message')) ?? '',
      name: readString(body, find('__type')),
      originalStatus: readInteger(body, find('originalStatusCode')),
      envelopeType: undefined,
    }
  } catch {
    // A load balancer's page says nothing that would help a developer.
    return NOTHING_SAID
  }
}

function isEnvelopeError(value: unknown): value is { readonly type: string; readonly message: string } {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('message' in value)) return false
  return typeof value.type === 'string' && typeof value.message === 'string'
}

/** Claude Code compacts the conversation when it reads these words, which are Anthropic's. */
function wording(message: string, name: string | undefined): string {
  if (message === 'Input is too long for requested model.') return `prompt is too long: ${message}`
  if (message !== '') return message
  return name === undefined ? 'The provider gave no reason.' : `The provider gave no reason (${name}).`
}

/** Account numbers and ARNs tell a developer nothing, and others who runs this. */
export function redact(message: string): string {
  return message.replace(/\barn:aws[\w-]*:[^\s"',;)]+/g, 'arn:…').replace(/\b\d{12}\b/g, '…')
}
