import { createInterface } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'

/** The person at the terminal, to be asked. */
export interface Ask {
  /** One line. An empty string if the person only pressed return. */
  line(question: string): Promise<string>
  /** One line that is not shown while it is typed. */
  secret(question: string): Promise<string>
}

/** Asks the person at the terminal. Questions go to stderr, because stdout may be redirected. */
export function askOnTerminal(input: ReadStream, output: WriteStream): Ask {
  return {
    line: (question) =>
      new Promise((resolve) => {
        const lines = createInterface({ input, output })
        lines.question(question, (answer) => {
          resolve(answer.trim())
          lines.close()
        })
        lines.on('close', () => resolve(''))
      }),

    secret: (question) =>
      new Promise((resolve) => {
        // Echo goes off before the question appears: who pastes at once must not see the key.
        input.setRawMode(true)
        output.write(question)
        input.setEncoding('utf8')
        input.resume()
        let typed = ''
        const done = (answer: string) => {
          input.off('data', read)
          input.setRawMode(false)
          input.pause()
          output.write('\n')
          resolve(answer.trim())
        }
        const read = (chunk: string) => {
          for (const character of chunk) {
            if (character === '\r' || character === '\n') return done(typed)
            // Ctrl-C and Ctrl-D arrive as characters in raw mode; both mean no answer.
            if (character === '\u0003' || character === '\u0004') return done('')
            if (character === '\u007f' || character === '\b') typed = typed.slice(0, -1)
            else if (character >= ' ') typed += character
          }
        }
        input.on('data', read)
      }),
  }
}
