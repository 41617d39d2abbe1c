import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withLock } from './lock.mjs'

let folder
let path

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-lock-test-'))
  path = join(folder, 'deep', 'install.lock')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('of several who want the lock, one works at a time and all get their turn', async () => {
  let inside = 0
  let most = 0
  const work = async (name) => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
    return name
  }
  const done = await Promise.all(['a', 'b', 'c'].map((name) => withLock(path, () => work(name))))
  expect(done).toEqual(['a', 'b', 'c'])
  expect(most).toBe(1)
  expect(existsSync(path)).toBe(false)
})

test('a lock whose holder failed is free again', async () => {
  await expect(withLock(path, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network')
  expect(await withLock(path, async () => 'next')).toBe('next')
})

test('a lock that a crashed process left behind is taken over', async () => {
  await withLock(path, async () => undefined)
  // No system gives this number to a process.
  writeFileSync(path, JSON.stringify({ pid: 2 ** 31 - 2, host: hostname(), nonce: 1 }))
  expect(await withLock(path, async () => 'mine')).toBe('mine')
})

test('a lock of another machine counts as left behind once it has not been touched for long', async () => {
  await withLock(path, async () => undefined)
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', nonce: 1 }))
  const longAgo = new Date('2020-01-01')
  utimesSync(path, longAgo, longAgo)
  expect(await withLock(path, async () => 'mine')).toBe('mine')
})

test('a lock that was passed on is held until that process is gone, whatever became of the one that passed it', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  await withLock(path, async () => undefined)
  writeFileSync(path, JSON.stringify({ pid: child.pid, host: hostname(), nonce: 1 }))
  let isMine = false
  const mine = withLock(path, async () => (isMine = true))
  expect(isMine).toBe(false)
  child.stdin.end()
  await once(child, 'exit')
  await mine
  expect(isMine).toBe(true)
})

test('while it is passed on, the file names that process', async () => {
  await withLock(path, async (passTo) => {
    passTo(4711)
    expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(4711)
  })
  expect(existsSync(path)).toBe(false)
})
