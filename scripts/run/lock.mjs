import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

const BEAT_MS = 1_000
/** A holder that has not moved for this long has crashed, or its machine has. */
const STALE_MS = 30_000

/**
 * Does the work while holding a lock file; others who want it wait. The holder touches the file every second and writes
 * its process id into it, so a crashed one is noticed at once on the same machine and after half a minute elsewhere.
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), nonce: Math.random() })
  while (!take(path, mine)) await new Promise((resolve) => setTimeout(resolve, 200))
  const heart = setInterval(() => touch(path), BEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heart)
    if (read(path) === mine) rmSync(path, { force: true })
  }
}

function take(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    removeIfStale(path)
    return false
  }
}

/** Moves the file aside before removing it: if two see the same stale lock, only one of them moves that one. */
function removeIfStale(path) {
  const seen = read(path)
  if (seen === undefined || !isStale(path, seen)) return
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (read(aside) !== seen) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

function isStale(path, content) {
  const age = ageMs(path)
  if (age === undefined || age > STALE_MS) return true
  const holder = /"pid":(\d+),"host":("[^"]*")/.exec(content)
  // A file that is being written is empty for a moment.
  if (holder === null || holder[2] !== JSON.stringify(hostname())) return false
  return !isAlive(Number(holder[1]))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Somebody removed it; the next one who wants the lock will find everything installed.
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
