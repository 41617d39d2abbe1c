import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isAtLeast } from './node.mjs'
import { withLock } from './lock.mjs'

/** Lockfiles of version 3 without addresses need npm 9 or newer. */
const NPM_WANTED = [9, 0]

/**
 * Makes node_modules match package-lock.json. When it already does, this reads two small files and touches nothing, so
 * a running gateway never loses its dependencies to a second command.
 */
export async function installDependencies(root) {
  const lock = readIfThere(join(root, 'package-lock.json'))
  if (lock === undefined) return
  const stampFile = join(root, 'node_modules', '.installed-from')
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`
  if (readIfThere(stampFile) === stamp) return

  await withLock(join(root, '.cache', 'install.lock'), async (passTo) => {
    if (readIfThere(stampFile) === stamp) return
    if (!isInstalled(root, lock)) await runNpmCi(root, passTo)
    writeFileSync(stampFile, stamp)
  })
}

/**
 * Whether npm itself says that everything in the lockfile is there: it writes down what it installed as its last act.
 * Somebody who has just run `npm install` by hand need not wait for a second one.
 */
function isInstalled(root, lock) {
  const installed = readIfThere(join(root, 'node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  const have = JSON.parse(installed).packages
  return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
    if (path === '' || (wanted.optional && !isForThisMachine(wanted))) return true
    return have[path]?.version === wanted.version && have[path]?.integrity === wanted.integrity
  })
}

/** Optional packages are native code for one platform, or what such code needs; npm alone can tell C libraries apart. */
function isForThisMachine({ os, cpu, libc }) {
  return libc === undefined && os?.includes(process.platform) === true && cpu?.includes(process.arch) === true
}

async function runNpmCi(root, passTo) {
  const agent = /^npm\/(\d+\.\d+)/.exec(process.env.npm_config_user_agent ?? '')
  if (agent !== null && !isAtLeast(agent[1], NPM_WANTED)) {
    throw new Error(`Portcullis needs npm 9 or newer to install; this is ${agent[1]}. Run: npm install -g npm@latest`)
  }
  console.error('Installing dependencies from package-lock.json (once, well under a minute) …')
  // Everything is asked for by name, so that NODE_ENV=production or an .npmrc cannot leave half of it out.
  const wanted = ['ci', '--ignore-scripts', '--include=dev', '--include=optional']
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error']
  const { file, before, shell } = npm()
  const code = await new Promise((resolve, reject) => {
    const child = spawn(file, [...before, ...wanted, ...quietly], { cwd: root, shell, stdio: ['ignore', 2, 2] })
    child.on('error', reject)
    child.on('spawn', () => passTo(child.pid))
    child.on('exit', resolve)
  })
  if (code !== 0)
    throw new Error('npm ci failed; its own words stand above. Put that right and run the same command again.')
}

/** The npm that started us, if one did. On Windows the one in PATH is a script that only a shell can run. */
function npm() {
  const given = process.env.npm_execpath
  if (given !== undefined && basename(given) === 'npm-cli.js')
    return { file: process.execPath, before: [given], shell: false }
  return { file: 'npm', before: [], shell: process.platform === 'win32' }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
