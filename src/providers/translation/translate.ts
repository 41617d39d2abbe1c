import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { JsonDraft } from '../../core/json-draft.ts'
import { JsonError, readString, spliceToPieces } from '../../core/json.ts'
import { byteLength, withoutShort } from '../../core/pieces.ts'
import { type Change, type ModelCall, NO_REPAIRS, type Platform, type Upstream } from '../adapter.ts'
import { chooseBetas, withBetas } from './choose-betas.ts'
import { cutForeignThinking, fitConversation, foldSystemMessages } from './fit-conversation.ts'
import { dropAttribution, fitAutomaticCaching, fitMembers, fitTools } from './fit-members.ts'
import { fitModel, fitPlainModel } from './fit-model.ts'
import { traitsOf } from './models.ts'
import { BODY_BYTES_MAX, isNarrower } from './platforms.ts'
import { type Rewriting, startRewriting } from './rewriting.ts'

/** How a platform wants the Messages body to be shaped, beyond what it takes and refuses. */
export interface BodyShape {
  /** Members that travel elsewhere (in the path) and leave the body. */
  readonly without: readonly string[]
  /** Members that stand in the body alone, as JSON text, such as `anthropic_version`. */
  readonly extra: Readonly<Record<string, string>>
  /** Betas travel as `anthropic_beta` in the body instead of as a header. */
  readonly betasInBody: boolean
}

/** The Messages body as Anthropic has it. */
export const MESSAGES_BODY: BodyShape = { without: [], extra: {}, betasInBody: false }

export interface Translation {
  /** In pieces that follow each other. */
  readonly body: readonly Buffer[]
  /** Set while `body` is still compressed as the client sent it. */
  readonly contentEncoding: string | undefined
  /** The client's headers, with `anthropic-beta` as this target takes it; the very same lines when nothing had to change. */
  readonly headers: HeaderLines
  readonly changes: readonly Change[]
}

/**
 * The client's request as one target takes it: pure, and always from the original, never from an earlier attempt's translation. Edits are
 * splices of the bytes, so that key order, number spelling and everything nobody named survive.
 *
 * Throws `target.incapable` for a request that this target cannot serve at all, and `request.malformed` for a nested value that is no JSON and
 * has to be looked into.
 */
export function translate(call: ModelCall, upstream: Upstream, shape: BodyShape): Translation {
  if (isAtHome(call, upstream.platform, shape)) return asItCame(call)
  try {
    return translateExact(call, upstream, shape)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new GatewayError('request.malformed', `The body is not valid JSON: ${error.message}`, { cause: error })
  }
}

/** Anthropic's own, asked for the very model that stands in the body: most calls there are. They are not looked into. */
function isAtHome({ body, model, wireModel, repairs }: ModelCall, platform: Platform, shape: BodyShape): boolean {
  const { bytes, members } = body
  return (
    platform === 'anthropic' &&
    shape === MESSAGES_BODY &&
    repairs === NO_REPAIRS &&
    bytes.length <= BODY_BYTES_MAX.anthropic &&
    model === wireModel &&
    readString(bytes, members.find('model')) === wireModel &&
    members.find('anthropic_beta') === undefined &&
    members.find('anthropic_version') === undefined
  )
}

function asItCame({ body: { bytes, compressed }, headers }: ModelCall): Translation {
  return { body: [compressed?.bytes ?? bytes], contentEncoding: compressed?.coding, headers, changes: [] }
}

function translateExact(call: ModelCall, { platform }: Upstream, shape: BodyShape): Translation {
  const { bytes, members } = call.body
  const body = JsonDraft.ofDocument(bytes, members)
  const writtenVersion = body.get('anthropic_version')?.text
  const askedModel = body.get('model')?.text
  const model = traitsOf(call.wireModel, call.model)
  const betas = chooseBetas({ call, platform, model, body })
  const request = startRewriting({ call, platform, model, body }, betas.lacksBeta)

  const isOtherModel = askedModel !== undefined && traitsOf(afterSlug(askedModel)) !== model
  const isRestricted = isNarrower(platform) || betas.changes.length > 0
  if (isRestricted) fitMembers(request)
  if (platform === 'compatible') fitPlainModel(request)
  else if (isOtherModel) fitModel(request)
  repair(request)
  if (isRestricted || call.repairs.withoutCacheTtl) {
    fitTools(request)
    fitConversation(request)
    fitAutomaticCaching(request)
  }
  const foldsSystem = isNarrower(platform)
    ? request.handling('messages[].role system') === 'fold'
    : isOtherModel && !model.systemMessages
  if (foldsSystem) foldSystemMessages(request)
  shapeBody(request, shape, betas.sent)

  const edits = body.edits()
  const translated = edits.length === 0 ? [bytes] : withoutShort(spliceToPieces(bytes, edits))
  const length = byteLength(translated)
  if (length > BODY_BYTES_MAX[platform]) {
    throw new GatewayError(
      'target.incapable',
      `Input is too long: ${length} bytes are more than the ${BODY_BYTES_MAX[platform]} that this provider reads.`,
    )
  }
  const headers = headersOf(
    call,
    shape.betasInBody ? [] : betas.sent,
    shape.betasInBody || betas.differ,
    writtenVersion,
  )
  const changes = [...betas.changes, ...request.changes]
  if (edits.length > 0) return { body: translated, contentEncoding: undefined, headers, changes }
  return { ...asItCame(call), headers, changes }
}

/** A version in the body moves to the headers, unless one is there already; a cloud's own (`bedrock-…`) says nothing elsewhere. */
function headersOf(
  { headers }: ModelCall,
  betas: readonly string[],
  differ: boolean,
  version: string | undefined,
): HeaderLines {
  const lines = differ ? withBetas(headers, betas) : headers
  const isMissing = version !== undefined && /^\d{4}-\d\d-\d\d$/.test(version)
  if (!isMissing || header(headers, 'anthropic-version') !== undefined) return lines
  return [...lines, 'anthropic-version', version]
}

/** Without the `@provider/` by which a client may have chosen its provider. */
function afterSlug(model: string): string {
  return model.startsWith('@') ? model.slice(model.indexOf('/') + 1) : model
}

/** What earlier tries at this target have taught. */
function repair(request: Rewriting): void {
  const { foreignThinking, withoutAttribution } = request.call.repairs
  if (foreignThinking > 0) cutForeignThinking(request, foreignThinking)
  if (withoutAttribution) dropAttribution(request)
}

/** The members that say where a request goes rather than what it says. */
function shapeBody(
  { call, body, note }: Rewriting,
  { without, extra, betasInBody }: BodyShape,
  betas: readonly string[],
): void {
  const name = JSON.stringify(call.wireModel)
  const model = body.get('model')
  if (model !== undefined && model.json !== name) model.replace(name)
  // Clients of Portkey write them into the body; they belong where this platform reads them.
  if (!betasInBody && body.removeMember('anthropic_beta')) note('moved', 'anthropic_beta')
  if (extra['anthropic_version'] === undefined && body.removeMember('anthropic_version'))
    note('moved', 'anthropic_version')
  if (betasInBody) body.removeMember('anthropic_beta')
  for (const each of without) body.removeMember(each)
  if (betasInBody && betas.length > 0) body.putFirst('anthropic_beta', JSON.stringify(betas))
  for (const [each, json] of Object.entries(extra).toReversed()) body.putFirst(each, json)
}
