import { expect, test } from 'vitest'
import { scanTopLevel } from '../core/json.ts'
import { type OtherModel, UNNAMED, readOtherModels } from './other-models.ts'

function othersOf(body: object | string): readonly OtherModel[] {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return readOtherModels(bytes, scanTopLevel(bytes))
}

const fallback = (model: string): OtherModel => ({ kind: 'fallback', model })
const advisor = (model: string): OtherModel => ({ kind: 'advisor', model })

test.each([
  ['none', {}, []],
  ['an empty list', { fallbacks: [] }, []],
  ['nothing', { fallbacks: null }, []],
  ['models', { fallbacks: [{ model: 'a' }, { model: 'b', speed: 'fast' }] }, [fallback('a'), fallback('b')]],
  ['names', { fallbacks: ['a'] }, [fallback('a')]],
  ['the provider’s choice', { fallbacks: 'default' }, [fallback(UNNAMED)]],
  ['something else', { fallbacks: [{ name: 'a' }, 5] }, [fallback(UNNAMED), fallback(UNNAMED)]],
  ['two models in one', '{"fallbacks":[{"model":"a","model":"b"}]}', [fallback('b')]],
  ['odd letters', '{"fall\\u0062acks":[{"m\\u006fdel":"\\u0061"}]}', [fallback('a')]],
  ['no JSON', '{"fallbacks":[{"model" "a"}]}', [fallback(UNNAMED)]],
  ['an advisor', { tools: [{ name: 'x' }, { type: 'advisor_20260301', model: 'a' }] }, [advisor('a')]],
  ['an advisor of no name', { tools: [{ type: 'advisor_20260301' }] }, [advisor(UNNAMED)]],
  ['an advisor in odd letters', '{"tools":[{"type":"\\u0061dvisor_20260301","model":"a"}]}', [advisor('a')]],
  ['a tool that only speaks of one', { tools: [{ name: 'advisor_20260301', model: 'a' }] }, []],
])('models besides the own one: %s', (_name, body, others) => {
  expect(othersOf(body)).toEqual(others)
})

test('a list without an end is read to a point, and what comes after that is unnamed', () => {
  const others = othersOf({ fallbacks: Array.from({ length: 100_000 }, () => ({ model: 'a' })) })
  expect(others).toHaveLength(17)
  expect(others.at(-1)).toEqual(fallback(UNNAMED))
})
