import fc from 'fast-check'
import { expect, it } from 'vitest'
import { html } from './html.ts'

it('text becomes text, pieces of HTML stay HTML', () => {
  const item = html`<b title="${'a"b'}">${'<i>&"\''}</b>`
  expect(item.markup).toBe('<b title="a&quot;b">&lt;i&gt;&amp;&quot;&#39;</b>')
  expect(html`<p>${[item, item]}${3}</p>`.markup).toBe(`<p>${item.markup}${item.markup}3</p>`)
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
