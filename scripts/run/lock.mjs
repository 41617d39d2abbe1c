import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

const BEAT_MS = 1_000
/** A holder elsewhere that has not moved for this long has crashed, or its machine has. */
const STALE_ELSEWHERE_MS = 30_000
/** Nothing here takes this long: the number of a dead process has been given to another one. */
const STALE_HERE_MS = 900_000

/**
 * Does the work while holding a lock file; others who want it wait. The file says which process holds it and is touched
 * every second, so a crashed holder is noticed at once on the same machine and after half a minute elsewhere.
 *
 * The work may pass the lock on to a child process with `passTo(pid)`: if this process is killed, the child goes on, and
 * the lock is held for as long as it does.
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  let mine = contentFor(process.pid)
  while (!take(path, mine)) await new Promise((resolve) => setTimeout(resolve, 200))
  const heart = setInterval(() => touch(path), BEAT_MS)
  const passTo = (pid) => {
    mine = contentFor(pid)
    writeFileSync(path, mine)
  }
  try {
    return await work(passTo)
  } finally {
    clearInterval(heart)
    if (read(path) === mine) rmSync(path, { force: true })
  }
}

function contentFor(pid) {
  return JSON.stringify({ pid, host: hostname(), nonce: Math.random() })
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
  if (age === undefined) return true
  const holder = /"pid":(\d+),"host":("[^"]*")/.exec(content)
  const isHere = holder !== null && holder[2] === JSON.stringify(hostname())
  // A file that is just being written is empty for a moment, and belongs to nobody that could be asked.
  if (!isHere) return age > STALE_ELSEWHERE_MS
  return age > STALE_HERE_MS || !isAlive(Number(holder[1]))
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
