import { openStore } from '../../src/store/database.ts'

// Started by a test as a process of its own: holds the store named on the command line until it is ended.
const [, , file = ''] = process.argv
try {
  await openStore({ file })
  process.stdout.write('open\n')
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`)
}
