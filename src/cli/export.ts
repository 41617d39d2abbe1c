import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openAdminClient, Refusal } from './admin-client.ts'
import { type Command, readOptions } from './command.ts'
import { printable } from './print.ts'

export const exportFile: Command = {
  summary: 'Write what the gateway has as a configuration file',
  help: `portcullis export [-o FILE] [--name NAME]

Writes everything down as a configuration file, with references to fill in where
secrets are. Applying it changes nothing. Needs an administrator's key.

  -o, --output FILE write there instead of printing
  --name NAME       the name that the file gives itself
  --url, --key      the gateway and the key; else PORTCULLIS_URL, PORTCULLIS_KEY
`,

  async run(args, machine) {
    const options = readOptions(args, {
      output: { type: 'string', short: 'o' },
      name: { type: 'string' },
      url: { type: 'string' },
      key: { type: 'string' },
    })
    const client = await openAdminClient(options, machine)
    try {
      const query = options.name === undefined ? '' : `?name=${encodeURIComponent(options.name)}`
      const answer = (await client.ask('GET', `/configuration${query}`)) as Exported
      if (options.output === undefined) machine.out(answer.document)
      else await writeFile(resolve(machine.workFolder, options.output), answer.document)
      for (const note of answer.notes) machine.err(`${printable(note)}\n`)
      return 0
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      machine.err(`${printable(error.message)}\n`)
      return 1
    }
  },
}

interface Exported {
  readonly document: string
  readonly notes: readonly string[]
}
