import { isObject } from '../../core/is-object.ts'
import { type ExplainedError, type PlatformError, readEnvelope, typeOf } from '../rewrite-errors.ts'

/**
 * An Azure error as Anthropic tells it; undefined for one that is in Anthropic's envelope already, as the models send it. Azure's own come as
 * `{"error":{"code":"429","message":"…"}}`, and from its front door as `{"statusCode":429,"message":"…"}`.
 */
export function explainAzureError({ status, document }: PlatformError): ExplainedError | undefined {
  const envelope = readEnvelope(document)
  if (envelope !== undefined) {
    const message = redact(envelope.message)
    return message === envelope.message ? undefined : { status, type: envelope.type as ExplainedError['type'], message }
  }
  const azure = isObject(document) && isObject(document['error']) ? document['error'] : document
  const said = isObject(azure) && typeof azure['message'] === 'string' ? redact(azure['message']) : ''
  return {
    ...kindOf(status, azure),
    message: said === '' ? `The provider answered with status ${status} and no reason.` : said,
  }
}

/** A deployment that does not exist has been seen with 400 too. */
function kindOf(status: number, azure: unknown): Pick<ExplainedError, 'status' | 'type'> {
  const isMissing = isObject(azure) && azure['code'] === 'DeploymentNotFound'
  return typeOf(isMissing ? 404 : status)
}

/** Addresses and the ids of subscriptions, resources and tenants are the operator's. */
function redact(text: string): string {
  return text
    .replace(/\bhttps?:\/\/[^\s"'`<>)\]]+/gi, '(address)')
    .replace(/\/subscriptions\/[^\s"'`]+/gi, '(resource)')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '(id)')
}
