import type { z } from 'zod'
import type { LogContent } from '../../contract/logs.ts'
import { JsonError, scanTopLevel } from '../../core/json.ts'
import type { BodyReader, BodyReference } from '../../records/bodies/body-reader.ts'
import { headerRecord, readEnvelope } from './read-envelope.ts'

/** Larger bodies stand in the document as text: building objects of them would keep others waiting. */
const PARSED_BYTES_MAX = 4_194_304

/** Request and answer of an exchange as Portkey's log document has them. */
export async function showDocument(
  reader: BodyReader,
  reference: BodyReference,
  durationMs: number,
): Promise<z.output<typeof LogContent>> {
  const [envelope, request, response] = await Promise.all([
    readEnvelope(reader, reference),
    reader.read(reference, 'client_request'),
    reader.read(reference, 'response'),
  ])
  return {
    content_state: request.state,
    request: {
      url: envelope?.path ?? null,
      method: envelope?.method ?? null,
      headers: headerRecord(envelope?.requestHeaders ?? []),
      body: request.state === 'readable' ? readBody(request.content) : null,
    },
    response: {
      status: envelope?.status ?? null,
      headers: headerRecord(envelope?.responseHeaders ?? []),
      body: response.state === 'readable' ? readBody(response.content) : null,
      responseTime: durationMs,
    },
  }
}

/** A JSON object as such, anything else as text. Numbers beyond 2^53 lose digits here; the bodies' own endpoint keeps them. */
function readBody(content: Buffer): unknown {
  const text = content.toString('utf8')
  if (content.length > PARSED_BYTES_MAX) return text
  try {
    // Bounds how deep it nests, before anything is built of it.
    scanTopLevel(content)
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError) return text
    throw error
  }
}
