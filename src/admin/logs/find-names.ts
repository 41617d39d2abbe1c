import type { Pattern } from '../../contract/filter/filter.ts'
import type { Clock } from '../../core/clock.ts'
import type { Database } from '../../store/database.ts'
import { listKeys } from '../../store/keys.ts'
import { listMembers } from '../../store/members.ts'
import { findUserById, listUsers, type User } from '../../store/users.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { seesOnlyOwn, type Identity } from '../caller.ts'

/*
 * Names of people, keys and workspaces, as far as a caller may see them: administrators all, everybody else those of their
 * workspace, and who sees nothing but their own only themselves. Whoever is named beyond that is nobody.
 */

export interface NameParts {
  readonly db: Database
  readonly clock: Clock
}

/** More than any list that a person reads; an organisation of this size is asked by id. */
const NAMES_MAX = 20_000
const ALL = { offset: 0, limit: NAMES_MAX }

/** Something that has an id, and names to call it by. */
export interface Named {
  readonly id: string
  /** As it is shown. */
  readonly name: string
  readonly names: readonly string[]
}

/** Ids of the people that the patterns mean. */
export async function findPeople(
  parts: NameParts,
  caller: Identity,
  any: readonly Pattern[],
): Promise<readonly string[]> {
  // Of somebody who has left only the id is left; it finds what the caller may see of them, which shows the id too.
  const ids = any.flatMap(([first = '', ...more]) =>
    more.length === 0 && UUID.test(first) ? [first.toLowerCase()] : [],
  )
  return [...match(await seePeople(parts, caller), any), ...ids]
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export async function findKeys(
  parts: NameParts,
  caller: Identity,
  any: readonly Pattern[],
): Promise<readonly string[]> {
  return match(await seeKeys(parts, caller), any)
}

export async function findWorkspaces(
  parts: NameParts,
  caller: Identity,
  any: readonly Pattern[],
): Promise<readonly string[]> {
  return match(await seeWorkspaces(parts, caller), any)
}

export async function seePeople({ db }: NameParts, caller: Identity): Promise<readonly Named[]> {
  const people = await listPeople(db, caller)
  return people.map(({ id, firstName, lastName, email }) => {
    const full = [firstName, lastName].filter((name) => name !== '').join(' ')
    const names = [id, full, firstName, lastName, email, email.split('@')[0] ?? '']
    return { id, name: email, names: names.filter((name) => name !== '') }
  })
}

async function listPeople(db: Database, caller: Identity): Promise<readonly User[]> {
  if (seesOnlyOwn(caller)) {
    const self = caller.userId === undefined ? undefined : await findUserById(db, caller.userId)
    return self === undefined ? [] : [self]
  }
  if (caller.workspaceId !== undefined) return (await listMembers(db, caller.workspaceId)).map(({ user }) => user)
  return (await listUsers(db, caller.organisationId, {}, ALL)).items
}

export async function seeKeys({ db, clock }: NameParts, caller: Identity): Promise<readonly Named[]> {
  const own = seesOnlyOwn(caller)
  // A person's key sees itself, also where it is nobody's.
  const filter = {
    ...(caller.workspaceId !== undefined && { workspaceId: caller.workspaceId }),
    ...(own && caller.userId !== undefined && { userId: caller.userId }),
  }
  const { items } = await listKeys(db, caller.organisationId, filter, ALL, clock.now())
  const seen = own && caller.kind === 'workspace-user' ? items.filter(({ id }) => id === caller.keyId) : items
  return seen.map(({ id, name }) => ({ id, name, names: [id, name] }))
}

export async function seeWorkspaces({ db }: NameParts, caller: Identity): Promise<readonly Named[]> {
  const { items } = await listWorkspaces(db, caller.organisationId, {}, ALL)
  return items
    .filter(({ id }) => caller.workspaceId === undefined || caller.workspaceId === id)
    .map(({ id, slug, name }) => ({ id, name: slug, names: [id, slug, name] }))
}

function match(things: readonly Named[], any: readonly Pattern[]): readonly string[] {
  const tests = any.map(testOf)
  return things.filter(({ names }) => names.some((name) => tests.some((test) => test(name)))).map(({ id }) => id)
}

/** Compared without regard to upper and lower case; looked for piece by piece, so that no pattern takes long. */
function testOf(pattern: Pattern): (name: string) => boolean {
  const [first = '', ...rest] = pattern.map((piece) => piece.toLowerCase())
  const last = rest.pop()
  return (name) => {
    const folded = name.toLowerCase()
    if (last === undefined) return folded === first
    if (!folded.startsWith(first)) return false
    let at = first.length
    for (const piece of rest) {
      const found = folded.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return folded.length - last.length >= at && folded.endsWith(last)
  }
}
