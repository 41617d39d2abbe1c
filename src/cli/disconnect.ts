import { dirname, join } from 'node:path'
import { type Command, readOptions } from './command.ts'
import { chooseSettingsPath } from './connect.ts'
import { createPrinter } from './print.ts'
import { originalOf, readReceipt, receiptPath } from './receipt.ts'
import { readTextFile, removeFile, shortPath, writeWhole } from './settings-file.ts'
import { printSettingsProblem } from './settings-problem.ts'

export const disconnect: Command = {
  summary: 'Put the settings back as they were before connect',
  help: `portcullis disconnect [--location user|project|local] [--settings FILE]

Puts the settings file back byte for byte. If somebody changed it since, only the
settings that connect wrote are taken back, and theirs stay.
`,

  async run(args, machine) {
    const options = readOptions(args, { location: { type: 'string' }, settings: { type: 'string' } })
    const path = chooseSettingsPath(options, machine)
    const name = shortPath(machine, path)
    const printer = createPrinter(machine, machine.out)
    try {
      const receipt = await readReceipt(path)
      if (receipt === undefined) {
        printer.line('failure', 'settings', `${name} was not written by connect: no receipt lies beside it.`)
        return 1
      }
      const file = await readTextFile(path)
      if (file === undefined) {
        await removeFile(receiptPath(path))
        printer.line('ok', 'settings', `${name} is gone already; removed the receipt.`)
        return 0
      }
      const backupPath = receipt.backup === null ? undefined : join(dirname(path), receipt.backup)
      const backup = backupPath === undefined ? undefined : await readTextFile(backupPath)
      const original = originalOf(receipt, file.text, backup?.bytes)

      if (original.bytes === null) await removeFile(path)
      else await writeWhole(path, original.bytes, original.mode ?? file.mode)
      await removeFile(receiptPath(path))
      // The backup says nothing that the file does not say again; after a partial way back it stays.
      if (original.exact && backupPath !== undefined) await removeFile(backupPath)

      for (const member of original.leftAlone) {
        printer.line('note', 'left alone', `${member} was changed since; it stays as it is.`)
      }
      const how = original.exact ? 'as it was, byte for byte' : 'without our settings; later changes of others stay'
      printer.line(
        'ok',
        'settings',
        original.bytes === null ? `removed ${name}, which did not exist before` : `${name} is back ${how}`,
      )
      return 0
    } catch (error) {
      printSettingsProblem(error, path, machine, printer)
      return 1
    }
  },
}
