/*
 * Every npm script goes through here: `node scripts/run.mjs [node options] <file> [arguments]`.
 *
 * It makes a fresh clone work with nothing but Node 20.19 and npm: installs what is missing, finds a Node that can run
 * TypeScript, and hands over to it. Plain JavaScript and no dependencies, because it runs before there are any.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installDependencies } from './run/install.mjs'
import { NODE_WANTED, findNode, isAtLeast } from './run/node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The oldest Node that can run this file and whose npm understands our lockfile. */
const NODE_TO_BEGIN = [20, 19]

/**
 * Node announces at every start which of its parts may still change: node:sqlite (24.11.0), stripTypeScriptTypes (26.10.0).
 * We pin its version, and our tests run on it.
 */
const QUIETLY = ['--disable-warning=ExperimentalWarning']

const [options, file, rest] = splitArguments(process.argv.slice(2))
if (file === undefined) stop('Usage: node scripts/run.mjs [node options] <file> [arguments]')
if (!isAtLeast(process.versions.node, NODE_TO_BEGIN)) {
  stop(
    `Portcullis needs Node 20.19 or newer to begin with; this is ${process.versions.node}. Get one from https://nodejs.org.`,
  )
}

try {
  await installDependencies(root)
} catch (error) {
  stop(error instanceof Error ? error.message : String(error))
}

const node = findNode(root)
if (node === undefined) {
  stop(
    `Portcullis runs on Node ${NODE_WANTED.join('.')} or newer; this is ${process.versions.node}, and there is no packaged Node ` +
      `for ${process.platform}-${process.arch} in node_modules. Install a newer Node from https://nodejs.org.`,
  )
}
const path = isAbsolute(file) ? file : join(root, file)
if (!existsSync(path)) stop(`There is no ${file} in this clone.`)
handOver(node, [...QUIETLY, ...options, path, ...rest])

/** Options of Node stand before the file; everything after it belongs to the program. */
function splitArguments(given) {
  const at = given.findIndex((argument) => !argument.startsWith('-'))
  return at === -1 ? [given, undefined, []] : [given.slice(0, at), given[at], given.slice(at + 1)]
}

/** Runs the program as if it were this process: same terminal, same signals, same way to end. */
function handOver(node, argv) {
  const child = spawn(node, argv, { cwd: root, stdio: 'inherit', env: withFirstInPath(dirname(node)) })
  let isAsked = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      isAsked = true
      // A terminal sends Ctrl-C to the child as well; a second one would look like an impatient user.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  const watch = whenStarterIsGone(() => {
    if (!isAsked) child.kill('SIGTERM')
  })
  child.on('error', (error) =>
    stop(`Cannot start ${node}: ${error.message}. Install Node ${NODE_WANTED.join('.')} or newer.`),
  )
  child.on('exit', (code, signal) => {
    clearInterval(watch)
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

/**
 * npm starts scripts through a shell. Told to end, it tells that shell, which ends without a word to us: a supervisor that
 * stops `npm start` would leave the gateway behind with its port. So a lost shell counts as being told to end. Without npm
 * there may be good reasons to outlive the one who started us.
 */
function whenStarterIsGone(call) {
  if (process.env.npm_lifecycle_event === undefined) return undefined
  const starter = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === starter) return
    clearInterval(watch)
    call()
  }, 200)
  return watch
}

/** Children that call `node` must get the same one. Windows spells the name of the variable in its own way. */
function withFirstInPath(folder) {
  const name = Object.keys(process.env).find((key) => key.toLowerCase() === 'path') ?? 'PATH'
  const before = process.env[name] ?? ''
  return { ...process.env, [name]: before === '' ? folder : folder + delimiter + before }
}

function stop(line) {
  console.error(line)
  process.exit(1)
}
