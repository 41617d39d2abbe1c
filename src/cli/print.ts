import type { Machine } from './machine.ts'

export type Mark = 'ok' | 'warning' | 'failure' | 'note'

const SIGNS: Record<Mark, { readonly sign: string; readonly colour: number }> = {
  ok: { sign: '✓', colour: 32 },
  warning: { sign: '!', colour: 33 },
  failure: { sign: '✗', colour: 31 },
  note: { sign: '·', colour: 2 },
}

/** Lines in one look: a mark, a short name, a sentence, and below it what to do. */
export interface Printer {
  line(mark: Mark, name: string, text: string, fix?: string): void
  /** A paragraph of its own, wrapped. */
  paragraph(text: string): void
  /** Text that must stay as it is. */
  verbatim(text: string): void
}

/** Width of the column of names. */
const NAME_WIDTH = 11
const INDENT = 2 + 2 + NAME_WIDTH + 1

/** Prints with `write`, in colour where the machine's terminal can show it. */
export function createPrinter({ colours, width }: Machine, write: (text: string) => void): Printer {
  return {
    line(mark, name, text, fix) {
      const { sign, colour } = SIGNS[mark]
      const head = `  ${paint(sign, colour)} ${name.padEnd(NAME_WIDTH)} `
      write(head + hang(text) + '\n')
      if (fix !== undefined) write(`${' '.repeat(INDENT)}${paint('→', colour)} ${hang(fix, 2)}\n`)
    },
    paragraph(text) {
      write(wrap(text, width).join('\n') + '\n')
    },
    verbatim: write,
  }

  function hang(text: string, more = 0): string {
    return wrap(text, width - INDENT - more).join('\n' + ' '.repeat(INDENT + more))
  }

  function paint(text: string, colour: number): string {
    return colours ? `\u001b[${colour}m${text}\u001b[0m` : text
  }
}

/** Breaks a text at spaces. A word that is longer than a line, such as a URL, stays whole so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((paragraph) => {
      const lines: string[] = []
      let line = ''
      for (const word of paragraph.split(' ')) {
        if (line !== '' && line.length + 1 + word.length > width) {
          lines.push(line)
          line = word
        } else {
          line = line === '' ? word : `${line} ${word}`
        }
      }
      return [...lines, line]
    })
}

/** Without control characters: a server's answer must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')
}
