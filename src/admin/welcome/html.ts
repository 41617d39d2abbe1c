/** A piece of HTML. Only `html` makes it, so whatever is not one is text and gets escaped. */
export interface Html {
  readonly markup: string
}

type Content = Html | string | number | readonly Html[]

/** Builds HTML from a template. Every value is escaped, unless it is itself HTML: model names and tags come from strangers. */
export function html(template: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = template[0] ?? ''
  values.forEach((value, at) => {
    markup += show(value) + (template[at + 1] ?? '')
  })
  return { markup }
}

function show(value: Content): string {
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value))
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
}

/**
 * Text for HTML, also inside quoted attributes. Control and formatting characters become visible marks, because some of
 * them turn the direction of writing and could make one thing look like another; line ends stay.
 */
function escape(text: string): string {
  return text
    .replaceAll(/[^\P{C}\n\t]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
