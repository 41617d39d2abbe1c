import { ADMIN_ERRORS, AdminErrorBody } from '../contract/errors.ts'
import { toSchema } from './openapi-schema.ts'
import { REASON_CHARACTERS_MAX } from './read-origin.ts'

/*
 * What the operations of the OpenAPI document have in common and refer to by name.
 */

/** By HTTP status: what a refusal with it means. Codes of Portkey's that are not here (AB02, AB09) are never answered. */
const REFUSALS = {
  400: 'The request says something that cannot be; every problem is listed.',
  401: 'No key, or one that is unknown, revoked or expired, or whose holder is suspended.',
  403: 'The key or role is known and may not do this.',
  404: 'There is no such thing, or not for this caller.',
  409: 'The name is taken, or something still needs the thing.',
  412: 'The thing was changed since the tag in if-match; nothing was done.',
  429: 'Too many tries; retry-after says how many seconds to wait.',
  500: 'The gateway failed; its log says how.',
} as const

export type RefusalStatus = keyof typeof REFUSALS

/** Codes that come with a status. 412 wears AB07, as there is no code of Portkey's for it. */
function codesOf(status: RefusalStatus): readonly string[] {
  if (status === 412) return ['AB07']
  return Object.entries(ADMIN_ERRORS).flatMap(([code, its]) => (its === status ? [code] : []))
}

export const COMPONENTS = {
  securitySchemes: {
    key: { type: 'apiKey', in: 'header', name: 'x-portkey-api-key' },
    bearer: { type: 'http', scheme: 'bearer' },
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: 'portcullis_session',
      description: 'Of somebody who signed in. A change needs the gateway’s own origin and x-portcullis-csrf, too.',
    },
  },
  parameters: {
    'if-match': {
      name: 'if-match',
      in: 'header',
      description: 'The etag of the thing as it was read: the change is made only if nobody was faster.',
      schema: { type: 'string' },
    },
    reason: {
      name: 'x-portcullis-reason',
      in: 'header',
      description: 'Why, for the audit trail; needed to open what another person wrote. UTF-8.',
      schema: { type: 'string', maxLength: REASON_CHARACTERS_MAX },
    },
    csrf: {
      name: 'x-portcullis-csrf',
      in: 'header',
      description: 'For a session: needed with every change, so that no form of another page can make it.',
      schema: { const: '1' },
    },
    workspace: {
      name: 'x-portcullis-workspace',
      in: 'header',
      description: 'For a session of somebody who is no administrator: slug of the workspace in view.',
      schema: { type: 'string' },
    },
  },
  headers: {
    etag: { description: 'Tag of the thing as it is, for if-match.', schema: { type: 'string' } },
    'request-id': { description: 'Under which the audit trail knows the request.', schema: { type: 'string' } },
  },
  responses: Object.fromEntries(
    Object.entries(REFUSALS).map(([status, description]) => [
      status,
      {
        description: `${codesOf(Number(status) as RefusalStatus).join(', ')}: ${description}`,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  ),
  schemas: { Error: toSchema(AdminErrorBody, 'output') },
}

/** References to the refusals with these statuses. */
export function refusalsOf(statuses: readonly RefusalStatus[]) {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }]))
}
