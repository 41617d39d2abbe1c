/*
 * `npm run lock` writes package-lock.json anew after a change of package.json, with an entry for every platform.
 *
 * npm leaves an optional package out of the lockfile when the registry at hand does not carry it (mirrors often keep only
 * the platforms they need themselves) or when node_modules holds another platform's; `npm ci` then refuses the lockfile.
 * The entries added here carry the exact version and the platform, which is all that npm needs to skip or to fetch them.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const folder = mkdtempSync(join(tmpdir(), 'portcullis-lock-'))
try {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(root, name), join(folder, name))
  const args = [
    'install',
    '--package-lock-only',
    '--ignore-scripts',
    '--omit-lockfile-registry-resolved',
    '--no-audit',
    '--no-fund',
  ]
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error('npm could not resolve package.json; its own words stand above.')
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  const added = completeLock(lock)
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
  console.log(
    `package-lock.json holds ${Object.keys(lock.packages).length - 1} packages, ${added.length} of them named here only.`,
  )
} finally {
  rmSync(folder, { recursive: true })
}

/** Adds what is missing and puts the entries in npm's order; answers the names it added. */
function completeLock(lock) {
  const added = []
  for (const entry of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      if (path in lock.packages) continue
      if (!/^\d+\.\d+\.\d+$/.test(version))
        throw new Error(`${name} is asked for as ${version}; only an exact version can be added.`)
      lock.packages[path] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) }
      added.push(name)
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  return added
}

/** Native packages say in their name where they run: `…-linux-arm64-musl`, `…/win32-x64`. */
function platformOf(name) {
  const match =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(gnu|musl|msvc)?\w*)?$/.exec(
      name,
    )
  if (match === null) throw new Error(`${name} does not say in its name where it runs; add its entry by hand.`)
  const [, os, cpu, abi] = match
  const libc = abi === 'gnu' ? { libc: ['glibc'] } : abi === 'musl' ? { libc: ['musl'] } : {}
  return { cpu: [cpu], ...libc, os: [os] }
}
