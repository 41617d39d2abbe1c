import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, gzipSync } from 'node:zlib'

/** `src` in a clone, `dist` in a build; this file lies at its top in both. */
const sourceFolder = dirname(fileURLToPath(import.meta.url))

/** `.ts` in a clone, `.js` in a build. */
const sourceExtension = extname(fileURLToPath(import.meta.url))

/**
 * The CLI as an npm package, ready to be served: `npx https://gateway.example.com/cli.tgz connect`. It holds the files
 * that the CLI's entry reaches through its imports, as JavaScript. Equal sources give equal bytes, so that npm's record of
 * the package's hash stays true when the gateway is restarted.
 */
export async function buildCliPackage({ version }: { version: string }): Promise<Buffer> {
  const manifest = {
    name: 'portcullis-cli',
    version,
    description: 'Connects Claude Code to a Portcullis gateway.',
    license: 'Apache-2.0',
    type: 'module',
    bin: { portcullis: 'dist/cli/main.js' },
    engines: { node: '>=18.3' },
  }
  const files = [{ path: 'package/package.json', text: `${JSON.stringify(manifest, null, 2)}\n`, mode: 0o644 }]
  for (const [path, text] of await collectModules(`cli/main${sourceExtension}`)) {
    const isEntry = path === 'cli/main.js'
    files.push({
      path: `package/dist/${path}`,
      text: isEntry && !text.startsWith('#!') ? `#!/usr/bin/env node\n${text}` : text,
      mode: isEntry ? 0o755 : 0o644,
    })
  }
  const tar = Buffer.concat([...files.map(tarEntry), Buffer.alloc(TAR_BLOCK * 2)])
  const packed = gzipSync(tar, { level: constants.Z_BEST_COMPRESSION })
  // The byte that names the packing system; 255 is "unknown", and the same everywhere.
  packed[9] = 255
  return packed
}

/** Every module the entry reaches, as JavaScript by its path, in the order of the paths. */
async function collectModules(entry: string): Promise<readonly [string, string][]> {
  const modules = new Map<string, string>()
  const waiting = [entry]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const target = path.replace(/\.ts$/, '.js')
    if (modules.has(target)) continue
    const source = await readFile(join(sourceFolder, path), 'utf8')
    const code = path.endsWith('.ts') ? stripTypeScriptTypes(source) : source
    const folder = posix.dirname(path)
    const rewritten = code.replace(RELATIVE_IMPORT, (_, head: string, specifier: string, quote: string) => {
      waiting.push(posix.join(folder, specifier))
      return head + specifier.replace(/\.ts$/, '.js') + quote
    })
    modules.set(target, rewritten)
  }
  return [...modules].sort(([one], [other]) => (one < other ? -1 : 1))
}

/** The specifier of a static import or re-export of one of our own files, between its quotes. */
const RELATIVE_IMPORT = /^((?:import|export|\}) ?[^'"\n]*['"])(\.{1,2}\/[^'"]+)(['"])/gm

const TAR_BLOCK = 512

/** One file in the `ustar` format of POSIX.1-1988: a header block, then the content padded to whole blocks. */
function tarEntry({ path, text, mode }: { path: string; text: string; mode: number }): Buffer {
  const content = Buffer.from(text)
  if (Buffer.byteLength(path) > 100) throw new RangeError(`A path of the package is too long for tar: ${path}`)
  const header = Buffer.alloc(TAR_BLOCK)
  header.write(path, 0)
  header.write(octal(mode, 7), 100)
  header.write(octal(0, 7), 108) // owner
  header.write(octal(0, 7), 116) // group
  header.write(octal(content.length, 11), 124)
  header.write(octal(MODIFIED_SECONDS, 11), 136)
  header.write('        ', 148) // counts as spaces in its own sum
  header.write('0', 156) // a plain file
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148)
  const padding = Buffer.alloc((TAR_BLOCK - (content.length % TAR_BLOCK)) % TAR_BLOCK)
  return Buffer.concat([header, content, padding])
}

/** 1985-10-26T08:15:00Z, which npm gives every file it packs; zip tools reject dates before 1980. */
const MODIFIED_SECONDS = 499_162_500

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
