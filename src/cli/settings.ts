import { type Command, readOptions } from './command.ts'
import { chooseKey, chooseUrl } from './gateway-options.ts'
import { createPrinter } from './print.ts'
import { formatSettingsBlock, settingsBlock } from './settings-block.ts'

export const settings: Command = {
  summary: 'Print the settings block, to paste it yourself',
  help: `portcullis settings --url URL --key KEY [--model MODEL] [--project NAME]
                    [--telemetry]

Prints what connect would write, as JSON for ~/.claude/settings.json. The key is
shown. Nothing is sent, nothing is written.
`,

  async run(args, machine) {
    const options = readOptions(args, {
      url: { type: 'string' },
      key: { type: 'string' },
      model: { type: 'string' },
      project: { type: 'string' },
      telemetry: { type: 'boolean' },
    })
    const { url, notes, warnings } = await chooseUrl(options.url, machine)
    const key = await chooseKey(options.key, machine)
    const printer = createPrinter(machine, machine.err)
    for (const note of notes) printer.line('note', 'URL', note)
    for (const warning of warnings) printer.line('warning', 'URL', warning)
    machine.out(
      formatSettingsBlock(
        settingsBlock({ url, key, model: options.model, project: options.project, telemetry: options.telemetry }),
      ),
    )
    return 0
  },
}
