import { expect, it } from 'vitest'
import { fitRouting } from './fit-routing.ts'

function fit(document: unknown): { fitted: unknown; reasons: string[] } {
  const reasons: string[] = []
  const fitted = fitRouting(document, { hasProvider: (slug) => slug === 'claude', leave: (why) => reasons.push(why) })
  return { fitted, reasons }
}

it('a document that can be followed comes over as it is', () => {
  const document = {
    strategy: { mode: 'fallback' },
    targets: [{ provider: '@claude' }, { virtual_key: 'claude' }],
    retry: { attempts: 2 },
  }
  expect(fit(document)).toEqual({ fitted: document, reasons: [] })
})

it('targets at other vendors go, also deep inside, as long as one is left', () => {
  const inner = { strategy: { mode: 'loadbalance' }, targets: [{ provider: '@gpt', weight: 1 }, { provider: '@gpt' }] }
  const { fitted, reasons } = fit({ strategy: { mode: 'fallback' }, targets: [inner, { provider: '@claude' }] })
  expect(fitted).toEqual({ strategy: { mode: 'fallback' }, targets: [{ provider: '@claude' }] })
  expect(reasons).toEqual([
    'config.targets[0].targets[0] was left out: it names the provider @gpt, which is not brought over',
    'config.targets[0].targets[1] was left out: it names the provider @gpt, which is not brought over',
    'config.targets[0] was left out: none of its targets is left',
  ])
})

it('guardrails, prompts and accounts in the middle of a document are left out and told', () => {
  const { fitted, reasons } = fit({
    provider: '@claude',
    output_guardrails: ['pg-1'],
    prompt_id: 'pp-1',
    aws_region: 'eu-west-1',
  })
  expect(fitted).toEqual({ provider: '@claude' })
  expect(reasons).toHaveLength(3)
})

it.each([['text that is no JSON'], [null], [[1]]])('%s is no document', (document) => {
  expect(fit(document)).toEqual({ fitted: undefined, reasons: ['its document could not be read'] })
})
