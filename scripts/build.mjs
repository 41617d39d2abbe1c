/*
 * Makes dist/: the sources as plain JavaScript, and beside them every file that is not TypeScript (price tables, pages).
 * `node dist/main.js start` then runs on Node 24 or newer without stripping types at every start.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [from, to] = [join(root, 'src'), join(root, 'dist')]

rmSync(to, { recursive: true, force: true })
const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']
const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' })
if (status === 0) {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.ts') && path !== join(from, 'testing') })
  console.log('dist/ is ready: node dist/main.js start')
}
process.exitCode = status ?? 1
