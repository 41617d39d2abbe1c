import { thisMachine } from './machine.ts'
import { runCli } from './run.ts'

try {
  process.exitCode = await runCli(process.argv.slice(2), thisMachine())
} catch (error) {
  // Files and folders fail in more ways than we can name; the system's own sentence is the best one then.
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) }
  process.stderr.write(`portcullis: ${message}\n`)
  if (code === undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
}
