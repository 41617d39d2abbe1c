import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WORKSPACE_ROLE_SCOPES, workspaceRole } from '../contract/roles.ts'
import {
  DEFAULT_WORKSPACE_SCOPES,
  LOGS_WRITE_SCOPE,
  ORGANISATION_SCOPES,
  WORKSPACE_SCOPES,
} from '../contract/scopes.ts'
import { grantScopes } from './api-keys/key-permissions.ts'
import type { AdminCaller, Identity } from './caller.ts'
import { lackingOf, requireWorkspaceRole, standingOf } from './standing.ts'

const someScopes = fc.uniqueArray(fc.constantFrom(...new Set([...ORGANISATION_SCOPES, ...WORKSPACE_SCOPES])), {
  maxLength: 300,
})

function key(scopes: readonly string[], more: Partial<Identity> = {}): AdminCaller {
  return {
    kind: 'workspace-service',
    keyId: 'key',
    organisationId: 'organisation',
    workspaceId: 'workspace',
    userId: undefined,
    scopes: new Set(scopes),
    ...more,
  } as AdminCaller
}

it('no key of a workspace gives away a scope that it does not have', () => {
  fc.assert(
    fc.property(someScopes, someScopes, (held, wanted) => {
      try {
        const given = grantScopes(key(held), 'workspace-service', wanted)
        expect(given.filter((scope) => !held.includes(scope))).toEqual([])
      } catch (error) {
        expect(String(error)).toMatch(/cannot hold|do not have/)
      }
    }),
  )
})

it("no administrator's key gives away a right to administer that it does not have, and all give what developers need", () => {
  fc.assert(
    fc.property(someScopes, someScopes, (held, wanted) => {
      const administrator = key(held, { kind: 'organisation-service', workspaceId: undefined })
      const given = wanted.filter((scope) => !lackingOf(administrator, wanted).includes(scope))
      const beyond = given.filter((scope) => ORGANISATION_SCOPES.has(scope) && !held.includes(scope))
      // Who hands in records administers nothing.
      const forWork = [...DEFAULT_WORKSPACE_SCOPES, LOGS_WRITE_SCOPE]
      expect(beyond.filter((scope) => !forWork.includes(scope))).toEqual([])
      expect(lackingOf(administrator, DEFAULT_WORKSPACE_SCOPES)).toEqual([])
    }),
  )
})

it('whoever gives a role has all of it', () => {
  fc.assert(
    fc.property(someScopes, fc.constantFrom(...workspaceRole.options), (held, role) => {
      const has = [...WORKSPACE_ROLE_SCOPES[role]].every((scope) => held.includes(scope))
      if (has) requireWorkspaceRole(key(held), role)
      else expect(() => requireWorkspaceRole(key(held), role)).toThrow('you cannot give it')
    }),
  )
})

it("an administrator's key lets members in, and gives no role whose rights to administer it does not have", () => {
  const administrator = (scopes: readonly string[]) =>
    key(scopes, { kind: 'organisation-service', workspaceId: undefined })
  requireWorkspaceRole(administrator(['workspace_users.create']), 'member')
  for (const role of ['manager', 'admin'] as const) {
    expect(() => requireWorkspaceRole(administrator(['workspace_users.create']), role)).toThrow('you cannot give it')
    requireWorkspaceRole(administrator([...ORGANISATION_SCOPES]), role)
  }
})

it('each role of a workspace holds all that the one below it holds, and no right of the organisation', () => {
  const { admin, manager, member } = WORKSPACE_ROLE_SCOPES
  expect([...member].filter((scope) => !manager.has(scope))).toEqual([])
  expect([...manager].filter((scope) => !admin.has(scope))).toEqual([])
  const above = [...admin].filter((scope) => !WORKSPACE_SCOPES.has(scope))
  expect(above).toEqual(['workspaces.update'])
  expect(DEFAULT_WORKSPACE_SCOPES.filter((scope) => !member.has(scope))).toEqual([])
})

it('only the key of the environment stands for an owner', () => {
  const all = [...ORGANISATION_SCOPES]
  const ofOrganisation = { kind: 'organisation-service', workspaceId: undefined } as const
  expect(standingOf(key(all, { ...ofOrganisation, keyId: undefined }))).toBe('owner')
  expect(standingOf(key(all, ofOrganisation))).toBe('admin')
  expect(standingOf(key(all.slice(1), ofOrganisation))).toBe('member')
  expect(standingOf(key(all))).toBe('member')
})
