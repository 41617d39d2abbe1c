import { expect, test } from 'vitest'
import { NODE_MEMBERS, STRATEGY_MEMBERS } from './config-members.ts'
import { CONFIG_SCHEMA } from './config-schema.ts'

test('the schema has exactly the members that the reader takes', () => {
  expect(CONFIG_SCHEMA).toMatchObject({
    $defs: { node: { properties: { strategy: { properties: expect.toSatisfy(hasExactly(STRATEGY_MEMBERS)) } } } },
  })
  expect(CONFIG_SCHEMA).toMatchObject({ $defs: { node: { properties: expect.toSatisfy(hasExactly(NODE_MEMBERS)) } } })
})

function hasExactly(names: readonly string[]) {
  return (properties: object) => Object.keys(properties).toSorted().join() === names.toSorted().join()
}
