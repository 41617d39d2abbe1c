/*
 * Everything a change must pass before it is looked at, besides the tests: types, lint, format, unused code. All of them
 * run, whatever the first ones say, so that one round shows all there is to do.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const CHECKS = [
  { name: 'types', tool: 'typescript/bin/tsc', args: ['--noEmit', '-p', '.'], fix: 'Each line above names the place.' },
  {
    name: 'lint',
    tool: 'oxlint/bin/oxlint',
    args: ['--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
    fix: 'npm run fix mends what can be mended by a machine.',
  },
  { name: 'format', tool: 'oxfmt/bin/oxfmt', args: ['--check'], fix: 'npm run fix writes the format.' },
  { name: 'unused', tool: 'knip/bin/knip.js', args: ['--no-progress'], fix: 'Delete it, or use it.' },
]

const failed = []
for (const check of CHECKS) {
  const begun = performance.now()
  const { code, output } = await run(check)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  if (code === 0) {
    console.log(`ok      ${check.name.padEnd(8)} ${seconds} s`)
  } else {
    failed.push(check.name)
    console.log(output.trimEnd())
    console.log(`failed  ${check.name.padEnd(8)} ${seconds} s  ${check.fix}`)
  }
}
console.log(failed.length === 0 ? 'check: all well' : `check: ${failed.join(', ')} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

function run({ tool, args }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString() }))
  })
}
