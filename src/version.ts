import { readFileSync } from 'node:fs'

/** Of the running gateway, such as `0.1.0`: from the package.json above this file, in a clone as in a build. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version
