import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMessage } from './otlp-messages.ts'
import { OtlpRefusal } from './otlp-refusal.ts'
import { readItems, type Encoding } from './read-request.ts'

const read = (bytes: Buffer, encoding: Encoding) => readItems(bytes, { signal: 'logs', encoding, coding: undefined })

const record = (text: string) => ({
  timeUnixNano: '1795000000000000000',
  attributes: [{ key: 'event.name', value: { stringValue: text } }],
})
const request = (count: number, text = 'user_prompt') => ({
  resourceLogs: [{ scopeLogs: [{ logRecords: Array.from({ length: count }, () => record(text)) }] }],
})

test('both spellings come to the same', async () => {
  const message = request(3)
  const ofJson = await read(Buffer.from(JSON.stringify(message)), 'json')
  expect(await read(encodeMessage('LogsRequest', message), 'protobuf')).toEqual(ofJson)
  expect(ofJson).toEqual(message.resourceLogs)
})

test('five hundred events are taken, whatever brackets stand in their texts', async () => {
  const message = request(500, '[{"\\'.repeat(200))
  await expect(read(Buffer.from(JSON.stringify(message)), 'json')).resolves.toHaveLength(1)
  await expect(read(encodeMessage('LogsRequest', message), 'protobuf')).resolves.toHaveLength(1)
})

test('many empty parts are refused before anything is built of them', async () => {
  const empty = { resourceLogs: [{ scopeLogs: [{ logRecords: Array.from({ length: 60_001 }, () => ({})) }] }] }
  for (const refused of [
    read(Buffer.from(JSON.stringify(empty)), 'json'),
    read(encodeMessage('LogsRequest', empty), 'protobuf'),
  ]) {
    await expect(refused).rejects.toMatchObject({ status: 413 })
  }
})

test('whatever bytes come, they are read or refused', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
      const spoilt = encodeMessage('LogsRequest', request(2))
      spoilt[at % spoilt.length] = byte
      return spoilt
    }),
    fc.json().map((text) => Buffer.from(`{"resourceLogs":${text}}`)),
  )
  await fc.assert(
    fc.asyncProperty(bytes, fc.constantFrom('json', 'protobuf'), async (body, encoding) => {
      try {
        expect(Array.isArray(await read(Buffer.from(body), encoding))).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpRefusal)
      }
    }),
  )
})
