import { existsSync, readFileSync } from 'node:fs'
import { member } from '../contract/answer.ts'
import { packageFolder } from './version.ts'

/** The gateway that this program was fetched from with `npx https://gateway/cli.tgz`: npm notes it beside the package. */
export function fetchedFrom(): string | undefined {
  try {
    const lock: unknown = JSON.parse(readFileSync(`${packageFolder}/../.package-lock.json`, 'utf8'))
    const resolved = member(member(member(lock, 'packages'), 'node_modules/portcullis-cli'), 'resolved')
    if (typeof resolved !== 'string' || !/^https?:\/\/.*\/cli\.tgz$/.test(resolved)) return undefined
    return resolved.slice(0, -'/cli.tgz'.length)
  } catch {
    return undefined
  }
}

/**
 * What to type to run this program again, from any folder. Never a bare `npx portcullis`: outside of a clone that would
 * run whatever somebody has published under the name, and hand it the key.
 */
export function howToRun(): string {
  const gateway = fetchedFrom()
  if (gateway !== undefined) return `npx ${gateway}/cli.tgz`
  const launcher = `${packageFolder}/bin/portcullis.mjs`
  const program = existsSync(launcher) ? launcher : `${packageFolder}/dist/cli/main.js`
  return `node ${/\s/.test(program) ? `"${program}"` : program}`
}
