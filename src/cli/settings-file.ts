import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Machine } from './machine.ts'

/** Where Claude Code looks for settings that a person may write; a later one outranks an earlier one. */
export const LOCATIONS = ['user', 'project', 'local'] as const
export type Location = (typeof LOCATIONS)[number]

/** The settings file of a location, as Claude Code finds it from the work folder. */
export function settingsPath(machine: Machine, location: Location): string {
  switch (location) {
    case 'user':
      return join(userFolder(machine), 'settings.json')
    case 'project':
      return join(machine.workFolder, '.claude', 'settings.json')
    case 'local':
      return join(machine.workFolder, '.claude', 'settings.local.json')
  }
}

/** Claude Code's own folder of the person; `CLAUDE_CONFIG_DIR` moves it. */
export function userFolder(machine: Machine): string {
  const moved = machine.env['CLAUDE_CONFIG_DIR']
  return moved ? resolve(machine.workFolder, moved) : join(machine.homeFolder, '.claude')
}

/** A path as a person would write it. */
export function shortPath(machine: Machine, path: string): string {
  const home = machine.homeFolder
  return path.startsWith(home + '/') ? `~${path.slice(home.length)}` : path
}

/** A file that cannot be used, with a sentence that says why. */
export class UnusableFileError extends Error {
  override readonly name = 'UnusableFileError'
}

export interface FoundFile {
  readonly bytes: Buffer
  readonly text: string
  /** Permission bits. */
  readonly mode: number
}

/** Settings are some kilobytes; something larger is not one, and would be slow to compare. */
const FILE_BYTES_MAX = 2 * 1024 * 1024

/** Reads a text file; undefined if there is none. Throws an `UnusableFileError`. */
export async function readTextFile(path: string): Promise<FoundFile | undefined> {
  try {
    const { size, mode } = await stat(path)
    if (size > FILE_BYTES_MAX) throw new UnusableFileError(`it is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`)
    const bytes = await readFile(path)
    return { bytes, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), mode: mode & 0o777 }
  } catch (error) {
    if (error instanceof UnusableFileError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'EACCES' || code === 'EPERM') throw new UnusableFileError('you may not read it')
    if (code === 'EISDIR') throw new UnusableFileError('it is a folder')
    if (error instanceof TypeError) throw new UnusableFileError('it is not UTF-8 text')
    throw error
  }
}

/**
 * Replaces a file as a whole or not at all: a reader sees the old bytes or the new ones, also after a crash. A symbolic
 * link stays one; the file it points at is replaced.
 */
export async function writeWhole(path: string, content: string | Buffer, mode: number): Promise<void> {
  const target = await followLinks(path)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const draft = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(draft, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    // The process's umask may have narrowed the mode given to open.
    await chmod(draft, mode)
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Removes a file, if it is there. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true })
}

/** Where a path ends after its symbolic links, also when the last one points at a file that does not exist yet. */
async function followLinks(path: string): Promise<string> {
  let target = path
  for (let hops = 0; hops < 20; hops++) {
    const link = await lstat(target).catch(() => undefined)
    if (link === undefined || !link.isSymbolicLink()) {
      return link === undefined ? target : realpath(target)
    }
    target = resolve(dirname(target), await readlink(target))
  }
  throw new UnusableFileError('its symbolic links go round in a circle')
}
