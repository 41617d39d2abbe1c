import { PassThrough } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'
import { expect, test } from 'vitest'
import { askOnTerminal } from './ask.ts'

/** A terminal whose person answers the moment the question appears; it notes what it would show. */
function createTerminal(answer: string) {
  let shown = ''
  let echoes = true
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => void (echoes = !raw),
  })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  output.write = (text: string) => {
    shown += text
    if (text.includes('?')) {
      if (echoes) shown += answer
      input.write(answer)
    }
    return true
  }
  const ask = askOnTerminal(input as unknown as ReadStream, output as unknown as WriteStream)
  return { ask, shown: () => shown, echoes: () => echoes }
}

test('a key is never shown, however fast it is pasted, and echo comes back after it', async () => {
  const terminal = createTerminal('pc_secretX\u007f\r')
  expect(await terminal.ask.secret('Key? ')).toBe('pc_secret')
  expect(terminal.shown()).toBe('Key? \n')
  expect(terminal.echoes()).toBe(true)
})

test.each(['\u0003', 'half\u0004'])('leaving the question is no answer: %j', async (typed) => {
  const terminal = createTerminal(typed)
  expect(await terminal.ask.secret('Key? ')).toBe('')
  expect(terminal.echoes()).toBe(true)
})
