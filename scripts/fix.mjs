/* Mends what a machine can mend: the lint findings with one right answer, then the format. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const lint = run('oxlint/bin/oxlint', '--type-aware', '--fix')
const format = run('oxfmt/bin/oxfmt', '--write')
process.exitCode = lint === 0 && format === 0 ? 0 : 1

function run(tool, ...args) {
  return spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: 'inherit' })
    .status
}
