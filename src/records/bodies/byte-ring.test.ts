import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRingReader, createRingWriter, type RingSlice } from './byte-ring.ts'

test('whatever is put in comes out as it was, in whatever order putting and taking alternate', () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.constant('take' as const)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (all) => {
      const writer = createRingWriter(128)
      const reader = createRingReader(writer.memory)
      const waiting: { readonly slice: RingSlice; readonly bytes: Uint8Array }[] = []
      for (const step of all) {
        if (step === 'take') {
          const first = waiting.shift()
          if (first !== undefined) expect(reader.take(first.slice).equals(first.bytes)).toBe(true)
        } else {
          const slice = writer.put([step.subarray(0, 9), step.subarray(9)])
          const held = waiting.reduce((sum, { bytes }) => sum + bytes.length, 0)
          if (slice !== undefined) waiting.push({ slice, bytes: step })
          // At most the stretch before the end is skipped, so half of an empty ring is always there.
          else expect(held + step.length).toBeGreaterThan(64)
        }
      }
      for (const { slice, bytes } of waiting) expect(reader.take(slice).equals(bytes)).toBe(true)
    }),
  )
})

test('counting begins anew after four gigabytes, and nothing is lost by it', () => {
  const size = 2 ** 28
  const writer = createRingWriter(size)
  const reader = createRingReader(writer.memory)
  const bytes = Buffer.alloc(size - 7)
  for (let round = 0; round < 17; round += 1) {
    // Taken without the copying, which nobody looks at before the last round.
    new Uint32Array(writer.memory.taken)[0] = writer.put([bytes])!.end
  }
  const slice = writer.put([Buffer.from('hello')])
  expect(slice!.end).toBeLessThan(2 * size)
  expect(reader.take(slice!).toString()).toBe('hello')
})

test('a ring that is full says so, and has room again as soon as the other thread has taken something', async () => {
  const writer = createRingWriter(64)
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.module).then(({ createRingReader }) => {
      const reader = createRingReader(workerData.memory)
      parentPort.on('message', (slice) => parentPort.postMessage(reader.take(slice).toString()))
    })`
  const worker = new Worker(source, {
    eval: true,
    workerData: { memory: writer.memory, module: new URL('./byte-ring.ts', import.meta.url).href },
  })
  const heard = (slice: RingSlice) =>
    new Promise<string>((resolve) => {
      worker.once('message', resolve)
      worker.postMessage(slice)
    })
  const first = writer.put([Buffer.from('a'.repeat(40))])
  expect(writer.put([Buffer.from('b'.repeat(40))])).toBeUndefined()
  expect(await heard(first!)).toBe('a'.repeat(40))
  expect(await heard(writer.put([Buffer.from('b'.repeat(40))])!)).toBe('b'.repeat(40))
  await worker.terminate()
})
