import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** The folder that the files of exports lie in. One gateway writes into it: its data folder is locked. */
export interface ExportFolder {
  /** Made once and kept there, so that a row can say in whose folder its file is. */
  readonly name: string
  pathOf(id: string): string
  /**
   * Puts text behind the first `bytes` of a file, as a gzip member of its own, and returns how long the file is then. What lies behind them
   * is the tail of an interrupted write, and is cut off. On disk when it returns.
   */
  append(id: string, bytes: number, text: string): Promise<number>
  /** Bytes of all files. */
  size(): Promise<number>
  /** Removes every file but these. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
}

const NAME = 'name'
const ENDING = '.gz'
const pack = promisify(gzip)

export function openExportFolder(path: string): ExportFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const nameFile = join(path, NAME)
  if (!existsSync(nameFile)) writeFileSync(nameFile, randomUUID(), { mode: 0o600 })
  const pathOf = (id: string) => join(path, `${id}${ENDING}`)
  return {
    name: readFileSync(nameFile, 'utf8'),
    pathOf,
    async append(id, bytes, text) {
      const packed = await pack(text)
      const file = await open(pathOf(id), bytes === 0 ? 'w' : 'r+', 0o600)
      try {
        await file.truncate(bytes)
        await file.write(packed, 0, packed.length, bytes)
        await file.datasync()
      } finally {
        await file.close()
      }
      return bytes + packed.length
    },
    async size() {
      const sizes = await Promise.all((await list()).map(async (name) => (await stat(join(path, name))).size))
      return sizes.reduce((sum, each) => sum + each, 0)
    },
    async keepOnly(ids) {
      for (const name of await list()) {
        if (!ids.has(name.slice(0, -ENDING.length))) await rm(join(path, name), { force: true })
      }
    },
  }

  async function list(): Promise<readonly string[]> {
    return (await readdir(path)).filter((name) => name.endsWith(ENDING))
  }
}
