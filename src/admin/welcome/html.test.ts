import fc from 'fast-check'
import { expect, it } from 'vitest'
import { html } from './html.ts'

it('text becomes text, pieces of HTML stay HTML', () => {
  const item = html`<li>${'<b>&"\''}</li>`
  expect(
    html`<ul class="${'a"b'}">
        ${[item, item]}
      </ul>
      ${3}`.markup,
  ).toBe('<ul class="a&quot;b"><li>&lt;b&gt;&amp;&quot;&#39;</li><li>&lt;b&gt;&amp;&quot;&#39;</li></ul> 3')
})

it('no text opens a tag, an attribute or an entity', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(html`${text}`.markup).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/)
    }),
  )
})

it('characters that turn the direction of writing are shown as marks', () => {
  expect(html`${'claude\u202Eedualc\u0000'}`.markup).toBe('claude\uFFFDedualc\uFFFD')
})
