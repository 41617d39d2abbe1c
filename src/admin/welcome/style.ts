import { createHash } from 'node:crypto'

/** The look of the pages: calm, readable, light or dark as the reader's machine is. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1d1f23; --faint: #666c76; --line: #e3e5e9; --page: #f7f7f8; --card: #fff; --accent: #8a4b2a; --good: #1d7a46; --bad: #b3261e; --wait: #8a6100 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e8ea; --faint: #9aa1ac; --line: #2c3037; --page: #131518; --card: #1a1d21; --accent: #e0a583; --good: #6cc995; --bad: #f2938c; --wait: #e2bd62 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, sans-serif }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
header { display: flex; align-items: baseline; gap: 1rem; margin-bottom: 2rem }
h1 { margin: 0; font-size: 1.35rem; letter-spacing: -.01em }
h2 { margin: 0 0 .75rem; font-size: 1rem }
header p { margin: 0; color: var(--faint); flex: 1 }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.4rem; margin-bottom: 1.25rem; overflow-x: auto }
p { margin: 0 0 .75rem } p:last-child { margin-bottom: 0 } form + p { margin-top: .9rem }
.faint { color: var(--faint) }
code, pre { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre { margin: 0 0 1rem; padding: .8rem 1rem; background: var(--page); border: 1px solid var(--line); border-radius: 7px; overflow-x: auto; user-select: all }
pre:last-child { margin-bottom: 0 }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th { text-align: left; font-weight: 500; color: var(--faint); padding: 0 1rem .4rem 0; white-space: nowrap }
td { border-top: 1px solid var(--line); padding: .45rem 1rem .45rem 0; vertical-align: top; unicode-bidi: isolate; max-width: 22rem; overflow-wrap: break-word }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.when { white-space: nowrap; color: var(--faint) }
.good { color: var(--good) } .bad { color: var(--bad) } .wait { color: var(--wait) }
input { font: inherit; color: inherit; width: 100%; max-width: 22rem; padding: .35rem .6rem; background: var(--page); border: 1px solid var(--line); border-radius: 7px }
button { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 7px; padding: .25rem .8rem; cursor: pointer }
button:hover { border-color: var(--accent) } button:focus-visible { outline: 2px solid var(--accent) }
`

/** Nothing may be loaded, run or framed; the one style sheet is named by its hash. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')
