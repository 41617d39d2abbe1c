import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS, readConfig } from '../src/config.ts'
import { ERRORS } from '../src/core/errors.ts'

/* House rules that lint cannot say: what the documents tell is what the code does, and nothing foreign is committed. */

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Committed files and those that are about to be. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))

/** Where forbidden words are looked for: not in this file, which has to name them. */
const others = files.filter((path) => path !== 'tests/tidy.test.ts' && !/\.(png|ico|woff2|gz|tgz|bin)$/.test(path))

/** Rows of Markdown tables whose first cell is code: the cells, with the code marks taken off the first two. */
function rows(path: string): string[][] {
  return [...read(path).matchAll(/^\| `([^`|]+)` \| (.+) \|$/gm)].map(([, first, rest]) => [
    first!,
    ...rest!.split(' | ').map((cell) => cell.replaceAll('`', '')),
  ])
}

describe('docs/reference/errors.md', () => {
  const documented = rows('docs/reference/errors.md').filter(([code]) => /^[a-z_]+\.[a-z_]+$/.test(code!))

  test('names every error code, and none that does not exist', () => {
    expect(documented.map(([code]) => code).toSorted()).toEqual(Object.keys(ERRORS).toSorted())
  })

  test('there is no code that nothing raises', () => {
    const sources = files.filter(
      (path) => /^src\/.*(?<!\.test)\.ts$/.test(path) && !/^src\/(core\/errors\.ts|cli\/)/.test(path),
    )
    const raised = sources.map(read).join('\n')
    expect(Object.keys(ERRORS).filter((code) => !raised.includes(`'${code}'`))).toEqual([])
  })

  test.each(Object.entries(ERRORS))('tells the truth about status and type of %s', (code, spec) => {
    const row = documented.find(([name]) => name === code)
    expect(row?.slice(1, 3)).toEqual([String(spec.status), spec.wire])
    expect(/\bFinal\b/.test(row?.[3] ?? '')).toBe('final' in spec)
  })
})

describe('docs/reference/configuration.md', () => {
  const documented = rows('docs/reference/configuration.md')

  test('names every setting, and none that does not exist', () => {
    expect(documented.map(([name]) => name).toSorted()).toEqual([...CONFIG_KEYS].toSorted())
  })

  test('tells the default that an empty environment gives', () => {
    const defaults: Readonly<Record<string, unknown>> = { ...readConfig({}), PORTCULLIS_DATA: './data' }
    for (const [name, told] of documented) {
      const value = defaults[name!]
      expect([name, told]).toEqual([name, shown(value)])
    }
  })
})

describe('ARCHITECTURE.md', () => {
  const map = read('ARCHITECTURE.md')
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && readdirSync(join(root, 'src', entry.name)).length > 0,
  )

  test.each(folders.map(({ name }) => name))('says what src/%s is for', (name) => {
    expect(map).toContain(`\`src/${name}/\``)
  })

  test('names no folder and no file under src that does not exist', () => {
    const named = [...map.matchAll(/`(src\/[\w./-]+)`/g)].map(([, path]) => path!)
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('documents', () => {
  const documents = files.filter((path) => path.endsWith('.md') && !path.startsWith('tests/clients/'))

  test.each(documents)('every link of %s leads somewhere', (path) => {
    const links = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    const local = links
      .filter((target) => !/^(https?:|mailto:|#)/.test(target))
      .map((target) => target.split('#', 1)[0]!)
    expect(local.filter((target) => !existsSync(join(root, normalize(join(dirname(path), target)))))).toEqual([])
  })

  test('docs/README.md leads to every page', () => {
    const index = read('docs/README.md')
    const pages = documents
      .filter((path) => /^docs\/(?!decisions\/|README)/.test(path))
      .map((path) => path.slice('docs/'.length))
    expect(pages.filter((page) => !index.includes(`(${page})`))).toEqual([])
    const decisions = read('docs/decisions/README.md')
    const decided = documents
      .filter((path) => /^docs\/decisions\/\d/.test(path))
      .map((path) => path.slice('docs/decisions/'.length))
    expect(decided.filter((page) => !decisions.includes(`(${page})`))).toEqual([])
  })
})

describe('committed files', () => {
  /** Why a file may be longer than a reader's patience. */
  const LONG: Readonly<Record<string, string>> = {}

  test('no source file is longer than 500 lines without a reason', () => {
    const long = files.filter((path) => /\.(ts|tsx|mjs)$/.test(path) && read(path).split('\n').length > 501)
    expect(long.toSorted()).toEqual(Object.keys(LONG).toSorted())
  })

  test('no file has a name that says nothing', () => {
    const vague = /(^|\/)(utils?|helpers?|common|shared|misc)(\/|\.[a-z]+$)|(manager|service)\.ts$/i
    expect(files.filter((path) => vague.test(path))).toEqual([])
  })

  test('none names a folder of somebody’s machine, an address of a registry, or a key', () => {
    const foreign = [
      /(?<![\w.~-])\/(?:root|work|Users)\/[\w.]/,
      /\bregistry\.(?:npmjs|yarnpkg)|artifactory|verdaccio/,
      /"resolved": "/,
      /\bsk-ant-(?:api|oat)\d\d-[\w-]{40,}/,
      /\bAKIA[0-9A-Z]{16}\b/,
      /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    ]
    const found = others.flatMap((path) =>
      foreign.filter((each) => each.test(read(path))).map((each) => `${path}: ${each.source}`),
    )
    expect(found).toEqual([])
  })

  test('none leaves something to be done later', () => {
    const sources = others.filter((path) => /\.(ts|tsx|mjs)$/.test(path))
    expect(sources.filter((path) => /\b(?:TODO|FIXME|XXX)\b/.test(read(path)))).toEqual([])
  })

  test('time is read through the clock, also where lint cannot see it', () => {
    const product = files.filter(
      (path) =>
        /^src\/(?!testing\/|cli\/|core\/clock\.ts|telemetry\/logger\.ts)/.test(path) && /(?<!\.test)\.ts$/.test(path),
    )
    expect(product.length).toBeGreaterThan(0)
    const past = /new Date\(\)|globalThis\.(?:setTimeout|setInterval|fetch)/
    expect(product.filter((path) => past.test(read(path)))).toEqual([])
  })

  test('the store and the ledger alone speak SQL; everybody else calls a function with a name', () => {
    const others = files.filter((path) => /^src\/(?!store\/|ledger\/).*(?<!\.test)\.ts$/.test(path))
    expect(others.length).toBeGreaterThan(0)
    const query = /\.(?:selectFrom|insertInto|updateTable|deleteFrom)\(|\bsql`/
    expect(others.filter((path) => query.test(read(path)))).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; integrity?: string; dev?: boolean }>
  }

  test('names every platform of every native package; npm run lock adds what is missing', () => {
    const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    expect(wanted.filter((name) => !(`node_modules/${name}` in lock.packages))).toEqual([])
  })

  test('holds a hash for everything that is part of the product', () => {
    const unproven = Object.entries(lock.packages).filter(
      ([path, entry]) => path !== '' && !entry.dev && !entry.integrity,
    )
    expect(unproven.map(([path]) => path)).toEqual([])
  })

  test('every dependency of our own is pinned to one version', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >
    const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^(npm:[@\w/.-]+@)?\d+\.\d+\.\d+$/.test(version),
    )
    expect(ranges).toEqual([])
  })
})

/** A default as the table spells it. */
function shown(value: unknown): string {
  if (value === undefined) return '–'
  return value === '' ? 'empty' : JSON.stringify(value).replaceAll('"', '')
}

/** Code may show links that lead nowhere. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
}
