import type { BodyReader, BodyReference } from '../../records/bodies/body-reader.ts'
import type { Envelope } from '../../records/transcript.ts'

/** What stood around the bodies of an exchange; undefined where that cannot be read. It was written by this gateway. */
export async function readEnvelope(reader: BodyReader, reference: BodyReference): Promise<Envelope | undefined> {
  const kept = await reader.read(reference, 'envelope')
  return kept.state === 'readable' ? (JSON.parse(kept.content.toString('utf8')) as Envelope) : undefined
}

/** A header of a list in which names and values alternate. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name)
  return at === -1 ? undefined : headers[at + 1]
}

/** The list as an object; what stands there twice is joined by commas. */
export function headerRecord(headers: readonly string[]): Record<string, string> {
  const record = new Map<string, string>()
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    const before = record.get(name)
    record.set(name, before === undefined ? headers[at + 1]! : `${before}, ${headers[at + 1]!}`)
  }
  return Object.fromEntries(record)
}
