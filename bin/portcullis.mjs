#!/usr/bin/env node
/*
 * `portcullis <command>`: hands over to the server or to the command line, with a Node that can run them. Plain JavaScript
 * and no dependencies, because the Node that starts it may be too old for the rest.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Commands that run the gateway itself; all others talk to a running one. */
const SERVER_COMMANDS = new Set(['start'])

const inClone = existsSync(join(root, 'src', 'main.ts')) || existsSync(join(root, 'src', 'cli', 'main.ts'))
const entry = SERVER_COMMANDS.has(process.argv[2] ?? '') ? 'main' : 'cli/main'
const file = inClone ? join(root, 'src', `${entry}.ts`) : join(root, 'dist', `${entry}.js`)
const node = inClone ? await findNodeOfClone() : process.execPath

if (node === undefined) {
  console.error(
    `No Node that runs TypeScript: this is ${process.versions.node}. Run npm install in ${root}, then try again.`,
  )
  process.exitCode = 1
} else {
  handOver(node, [file, ...process.argv.slice(2)])
}

/** A clone runs its TypeScript directly, on the Node that came with its dependencies if the running one is too old. */
async function findNodeOfClone() {
  const { findNode } = await import(pathToFileURL(join(root, 'scripts', 'run', 'node.mjs')).href)
  return findNode(root)
}

/** Runs the program as if it were this process: same folder, same terminal, same signals, same way to end. */
function handOver(program, args) {
  const child = spawn(program, args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; a second one would look like an impatient user.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`Cannot start ${program}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}
