import { hkdfSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Keys for one purpose each, derived from the master key: whoever learns one learns nothing of the others. */
export interface MasterKey {
  /** Seals credentials: 32 bytes. */
  readonly sealing: Buffer
  /** Turns our keys and session tokens into the hashes that are stored: 32 bytes. */
  readonly pepper: Buffer
  /** Seals the keys that the content of exchanges is kept under: 32 bytes. */
  readonly content: Buffer
}

export interface MasterKeyOptions {
  /** 32 bytes in base64 or hex, from the environment; wins over the file. */
  readonly value: string | undefined
  /** Where the key is kept otherwise; made when missing. */
  readonly file: string
}

/** A master key that cannot be used; the message says what to do. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
}

/** Reads the master key, or makes one at the first start. Throws a MasterKeyError. */
export function openMasterKey({ value, file }: MasterKeyOptions): MasterKey {
  const master = value === undefined ? readOrMakeFile(file) : decode(value, 'PORTCULLIS_MASTER_KEY')
  return {
    sealing: derive(master, 'credential sealing'),
    pepper: derive(master, 'key hashing'),
    content: derive(master, 'content keys'),
  }
}

const BYTES = 32

function derive(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `portcullis ${purpose} 1`, BYTES))
}

function decode(text: string, where: string): Buffer {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  // 32 bytes are 43 characters of base64 and one of padding, in either of its two alphabets.
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new MasterKeyError(`${where} has to hold 32 bytes in base64 or hex. Make one with: openssl rand -base64 32`)
}

function readOrMakeFile(file: string): Buffer {
  try {
    return readFile(file)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  makeFile(file)
  return readFile(file)
}

function readFile(file: string): Buffer {
  const mode = statSync(file).mode & 0o777
  // Windows has no such bits and reports 666 for every file.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new MasterKeyError(`Other users of this machine may read the master key. Run: chmod 600 ${file}`)
  }
  return decode(readFileSync(file, 'utf8'), file)
}

/** Written aside and linked into place, so that a crash leaves a whole key or none and two starts at once agree on one. */
function makeFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${randomBytes(BYTES).toString('base64')}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    unlinkSync(draft)
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
