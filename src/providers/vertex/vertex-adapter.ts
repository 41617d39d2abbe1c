import { type HeaderLines } from '../../core/headers.ts'
import type { Adapter, EncodedCall, ModelCall, Upstream } from '../adapter.ts'
import { forUpstream } from '../anthropic.ts'
import { projectOf } from '../google/project.ts'
import { wireModel } from '../model-ids.ts'
import { rewriteErrors } from '../rewrite-errors.ts'
import { unavailable } from '../token-exchange.ts'
import { type BodyShape, MESSAGES_BODY, translate } from '../translation/translate.ts'
import { explainGoogleError } from './vertex-errors.ts'

/**
 * Claude on Google Cloud, in both of its forms: Google's own deployment, where the path has the model and the kind of answer, and Anthropic's,
 * which is the first-party API behind a longer path. Answers are Anthropic's in both; only errors are rewritten.
 */
export const vertexAdapter: Adapter = {
  wireModel: (model, { platform, settings }) => wireModel(platform, settings, model),

  encode(call, upstream) {
    return upstream.platform === 'vertex-anthropic'
      ? encodeForAnthropic(call, upstream)
      : encodeForGoogle(call, upstream)
  },

  listen(_call, upstream, handler) {
    const project = projectOf(upstream)
    return rewriteErrors(handler, (error) => explainGoogleError(error, project))
  },
}

/**
 * The version of Anthropic's API by Google's count; it stands in the body (docs.cloud.google.com, "Use Claude models", request body).
 * `model` leaves the body, because it is in the path; `stream` stays and has to agree with the method.
 */
const VERTEX_VERSION = { anthropic_version: '"vertex-2023-10-16"' }
const VERTEX_BODY: BodyShape = { without: ['model'], extra: VERTEX_VERSION, betasInBody: false }

/** Counting has one path for all models, so the model stays in the body. */
const VERTEX_COUNT_BODY: BodyShape = { ...VERTEX_BODY, without: [] }

function encodeForGoogle(call: ModelCall, upstream: Upstream): EncodedCall {
  const isCount = call.endpoint === 'count_tokens'
  const { body, contentEncoding, headers, changes } = translate(
    call,
    upstream,
    isCount ? VERTEX_COUNT_BODY : VERTEX_BODY,
  )
  const method = call.streaming ? 'streamRawPredict' : 'rawPredict'
  const model = isCount ? 'count-tokens:rawPredict' : `${stepOf(call.wireModel)}:${method}`
  const { settings } = upstream
  const location = settings.vertex_region ?? 'global'
  return {
    request: {
      method: 'POST',
      origin: upstream.origin,
      // The client's query (`?beta=true`) belongs to a path that does not exist here.
      path: `${upstream.basePath}/v1/projects/${projectOf(upstream)}/locations/${location}/publishers/anthropic/models/${model}`,
      headers: forGoogle(forUpstream(headers, contentEncoding), upstream, isCount ? NOT_FOR_COUNTS : NOT_FOR_VERTEX),
      body,
    },
    changes,
  }
}

/** Claude Platform on Google Cloud: the Messages API under a workspace's `invoke`. */
function encodeForAnthropic(call: ModelCall, upstream: Upstream): EncodedCall {
  const { body, contentEncoding, headers, changes } = translate(call, upstream, MESSAGES_BODY)
  const { slug, settings } = upstream
  const workspace = settings.anthropic_workspace_id
  if (workspace === undefined || !WORKSPACE_ID.test(workspace)) {
    throw unavailable(`@${slug} needs the id of a workspace in anthropic_workspace_id`)
  }
  const place = `/v1/projects/${projectOf(upstream)}/locations/global/workspaces/${workspace}`
  const endpoint = call.endpoint === 'messages' ? '/messages' : '/messages/count_tokens'
  return {
    request: {
      method: 'POST',
      origin: upstream.origin,
      path: `${upstream.basePath}${place}/invoke/v1${endpoint}${call.query}`,
      headers: forGoogle(forUpstream(headers, contentEncoding), upstream, NOT_FOR_ANTHROPIC),
      body,
    },
    changes,
  }
}

const WORKSPACE_ID = /^[A-Za-z0-9_-]{1,128}$/

/** A model's id as a step of a path; a version behind `@` stays readable, as Google writes it. */
function stepOf(model: string): string {
  return encodeURIComponent(model).replaceAll('%40', '@')
}

/** The version travels in the body. */
const NOT_FOR_VERTEX = new Set(['anthropic-version'])

/** Counting refuses betas that the same model takes for messages, and needs none. */
const NOT_FOR_COUNTS = new Set([...NOT_FOR_VERTEX, 'anthropic-beta'])

const NOT_FOR_ANTHROPIC: ReadonlySet<string> = new Set()

/** Without what the place does not take, and without `x-goog-*`, by which a client could choose the project that pays. */
function forGoogle(headers: HeaderLines, { settings }: Upstream, without: ReadonlySet<string>): string[] {
  const kept = headers.filter((_, at) => {
    const name = headers[at - (at % 2)]!.toLowerCase()
    return !without.has(name) && !name.startsWith('x-goog-')
  })
  if (settings.vertex_quota_project !== undefined) kept.push('x-goog-user-project', settings.vertex_quota_project)
  return kept
}
