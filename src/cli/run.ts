import { apply } from './apply.ts'
import { audit } from './audit.ts'
import { type Command, UsageError } from './command.ts'
import { connect } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { exportFile } from './export.ts'
import { importFrom } from './import-portkey.ts'
import type { Machine } from './machine.ts'
import { settings } from './settings.ts'
import { readVersion } from './version.ts'

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    connect,
    disconnect,
    doctor,
    settings,
    apply,
    export: exportFile,
    import: importFrom,
    explain,
    audit,
  }),
)

/** Runs one command line, such as `['connect', '--url', …]`, and returns the exit code. */
export async function runCli(args: readonly string[], machine: Machine): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    machine.out(overview(COMMANDS.get(rest[0] ?? ''), machine))
    return 0
  }
  if (name === 'version' || name === '--version' || name === '-v') {
    machine.out(`${readVersion()}\n`)
    return 0
  }
  const command = COMMANDS.get(name)
  if (command === undefined) {
    machine.err(`There is no command "${name}", only ${[...COMMANDS.keys()].join(', ')}.\n`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    machine.out(command.help)
    return 0
  }
  try {
    return await command.run(rest, machine)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    machine.err(`${error.message}\n${name} --help lists the options.\n`)
    return 2
  }
}

function overview(command: Command | undefined, { program }: Machine): string {
  if (command !== undefined) return command.help
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  return `${program} <command> [options]\n\n${lines.join('\n')}\n\n<command> --help tells more.\n`
}
