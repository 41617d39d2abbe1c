import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MasterKeyError, openMasterKey } from './master-key.ts'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-master-key-'))
  file = join(folder, 'data', 'master.key')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('the first start makes a key that only this user may read, and later starts find the same', async () => {
  const first = openMasterKey({ value: undefined, file })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(join(folder, 'data'))).toEqual(['master.key'])
  expect(openMasterKey({ value: undefined, file })).toEqual(first)
})

test('a key that others may read is refused with the command that mends it', async () => {
  openMasterKey({ value: undefined, file })
  await chmod(file, 0o640)
  expect(() => openMasterKey({ value: undefined, file })).toThrow(`chmod 600 ${file}`)
})

test('the same bytes in hex, base64 and url-safe base64 are the same key, with and without a line end', () => {
  const bytes = randomBytes(32)
  const spellings = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]
  const [first, ...others] = [...spellings, `${bytes.toString('base64')}\n`].map((value) =>
    openMasterKey({ value, file }),
  )
  for (const other of others) expect(other).toEqual(first)
})

test('a key in the environment wins, and no file is made', async () => {
  openMasterKey({ value: randomBytes(32).toString('hex'), file })
  await expect(stat(file)).rejects.toThrow(/ENOENT/)
})

test.each([
  ['nothing', ''],
  ['a pass phrase', 'correct horse battery staple'],
  ['too few bytes', randomBytes(31).toString('base64')],
  ['too many bytes', randomBytes(33).toString('base64')],
  ['half a hex key', randomBytes(16).toString('hex')],
])('%s is refused with the command that makes a key', (_, value) => {
  expect(() => openMasterKey({ value, file })).toThrow(MasterKeyError)
  expect(() => openMasterKey({ value, file })).toThrow(/openssl rand -base64 32/)
})

test('a damaged file is refused, not replaced', async () => {
  openMasterKey({ value: undefined, file })
  await writeFile(file, 'half a k')
  expect(() => openMasterKey({ value: undefined, file })).toThrow(MasterKeyError)
  expect(await readFile(file, 'utf8')).toBe('half a k')
})

test('the keys for different purposes have nothing in common', () => {
  const { sealing, pepper } = openMasterKey({ value: Buffer.alloc(32).toString('hex'), file })
  expect([sealing.length, pepper.length]).toEqual([32, 32])
  expect(sealing.equals(pepper)).toBe(false)
  expect(sealing.equals(Buffer.alloc(32))).toBe(false)
})
