import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder with our package.json: two above this file, in a clone, in a build and in the package a gateway serves. */
export const packageFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The version of this program. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(`${packageFolder}/package.json`, 'utf8')) as { version: string }
  return version
}
