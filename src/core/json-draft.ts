import {
  type Edit,
  type KnownEnds,
  type Member,
  type TopLevel,
  elementsOf,
  knownEnds,
  membersOf,
  readNestedString,
  splice,
} from './json.ts'

/*
 * JSON that is being edited, still as bytes. A draft stands for one value; its parts are found when somebody asks for them, and what nobody
 * named stays as it came: white space, key order, the spelling of numbers and strings.
 */

/** One list for all values that nothing is added to: a body has thousands. */
const NONE: readonly string[] = []

/** What all values of a document have in common. */
interface Source {
  readonly bytes: Buffer
  readonly ends: KnownEnds
}

/**
 * One value of a document, and the changes to it so far. Reading may throw `JsonError` where a nested value is broken; what is asked of the
 * wrong kind of value (the members of a number) is answered with nothing, and changes nothing.
 */
export class JsonDraft {
  readonly #source: Source
  readonly #owner: JsonDraft | undefined
  /** That it has in the object around it. */
  readonly #name: string | undefined
  /** Where the name begins, or the value in a list: from here to the value's end reaches what a comma separates. */
  readonly #itemStart: number
  readonly #start: number
  readonly #end: number
  #items: readonly JsonDraft[] | undefined
  /** Whether anything in it differs from the bytes. Most of a large body is only looked at. */
  #changed = false
  #removed = false
  #replacement: string | undefined
  #first = NONE
  #last = NONE

  /** Its arguments one by one: a body has thousands of values, and objects to pass them in would be as many more. */
  private constructor(
    source: Source,
    start: number,
    end: number,
    owner: JsonDraft | undefined,
    name: string | undefined,
    itemStart: number,
  ) {
    this.#source = source
    this.#owner = owner
    this.#name = name
    this.#itemStart = itemStart
    this.#start = start
    this.#end = end
  }

  /** A whole document, whose top level has been scanned. */
  static ofDocument(bytes: Buffer, scanned: TopLevel): JsonDraft {
    const start = bytes.indexOf(0x7b)
    const source = { bytes, ends: knownEnds(scanned) }
    const root = new JsonDraft(source, start, bytes.lastIndexOf(0x7d) + 1, undefined, undefined, start)
    root.#items = root.#ofMembers(scanned.members)
    return root
  }

  get isObject(): boolean {
    return this.#source.bytes[this.#start] === 0x7b
  }

  get isList(): boolean {
    return this.#source.bytes[this.#start] === 0x5b
  }

  /** Decoded, if it is a string; as it came, whatever has replaced it. */
  get text(): string | undefined {
    return readNestedString(this.#source.bytes, this.#start)
  }

  /** The JSON text with its changes. */
  get json(): string {
    return (
      this.#replacement ??
      splice(this.#source.bytes.subarray(this.#start, this.#end), this.#edits(this.#start)).toString()
    )
  }

  /** The member of that name; the last one if it stands twice, as `JSON.parse` would have it. Not one that was removed. */
  get(name: string): JsonDraft | undefined {
    const parts = this.#parts()
    for (let at = parts.length - 1; at >= 0; at -= 1) {
      const part = parts[at]!
      if (part.#name === name && !part.#removed) return part
    }
    return undefined
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Names of the members that are left. */
  get names(): readonly string[] {
    return this.#parts().flatMap((item) => (item.#name === undefined || item.#removed ? [] : [item.#name]))
  }

  /** The elements that are left, if it is a list. */
  get elements(): readonly JsonDraft[] {
    return this.isList ? this.#parts().filter((item) => !item.#removed) : []
  }

  /** Takes this value out of the object or list around it, with its name and one comma. */
  remove(): void {
    this.#removed = true
    this.#change()
  }

  /** Takes a member out, however often it stands. False when there is none. */
  removeMember(name: string): boolean {
    const found = this.#parts().filter((item) => item.#name === name && !item.#removed)
    for (const item of found) item.remove()
    return found.length > 0
  }

  /** Gives this value another text; changes inside it are lost. */
  replace(json: string): void {
    this.#replacement = json
    this.#change()
  }

  /** Gives a member another value, or adds it behind the others. */
  put(name: string, json: string): void {
    const member = this.get(name)
    if (!this.isObject) return
    if (member === undefined) this.#addLast(`${JSON.stringify(name)}:${json}`)
    else member.replace(json)
  }

  /** Adds a member in front of the others, and of those that were added before. */
  putFirst(name: string, json: string): void {
    if (!this.isObject) return
    this.removeMember(name)
    this.#first = [`${JSON.stringify(name)}:${json}`, ...this.#first]
    this.#change()
  }

  /** Adds an element at the end of a list. */
  append(json: string): void {
    if (this.isList) this.#addLast(json)
  }

  /** What has to be spliced into the document's bytes; in order, apart, empty when nothing has changed. */
  edits(): Edit[] {
    return this.#edits(0)
  }

  #addLast(json: string): void {
    this.#last = [...this.#last, json]
    this.#change()
  }

  /** Tells all values around this one, up to one that knows already. */
  #change(): void {
    if (this.#changed) return
    this.#changed = true
    if (this.#owner !== undefined) this.#owner.#change()
  }

  #edits(origin: number): Edit[] {
    const edits: Edit[] = []
    this.#collect(edits, origin)
    return edits
  }

  #collect(edits: Edit[], origin: number): void {
    if (!this.#changed) return
    const note = (start: number, end: number, by: string): void => {
      edits.push({ start: start - origin, end: end - origin, by: Buffer.from(by) })
    }
    if (this.#replacement !== undefined) {
      note(this.#start, this.#end, this.#replacement)
      return
    }
    const isAddedTo = this.#first.length + this.#last.length > 0
    const items = this.#parts()
    const kept = items.filter((item) => !item.#removed)
    const behindBracket = this.#start + 1
    const last = items.at(-1)
    const inside = {
      start: items[0] === undefined ? behindBracket : items[0].#itemStart,
      end: last === undefined ? behindBracket : last.#end,
    }
    const [first] = kept
    if (first === undefined) {
      if (isAddedTo || items.length > 0) note(inside.start, inside.end, [...this.#first, ...this.#last].join(','))
      return
    }
    const before = this.#first.map((json) => `${json},`).join('')
    if (before !== '' || first.#itemStart > inside.start) note(inside.start, first.#itemStart, before)
    let written = first.#itemStart
    for (const [index, item] of items.entries()) {
      if (item.#removed) continue
      // Between two that stay, those that go take the comma in front of them along.
      const previous = items[index - 1]
      if (previous !== undefined && item !== first && previous.#end > written) note(written, previous.#end, '')
      item.#collect(edits, origin)
      written = item.#end
    }
    const after = this.#last.map((json) => `,${json}`).join('')
    if (after !== '' || inside.end > written) note(written, inside.end, after)
  }

  #parts(): readonly JsonDraft[] {
    if (this.#items !== undefined) return this.#items
    const { bytes, ends } = this.#source
    this.#items = this.isList
      ? elementsOf(bytes, this.#start, ends).map(
          ({ start, end }) => new JsonDraft(this.#source, start, end, this, undefined, start),
        )
      : this.#ofMembers(membersOf(bytes, this.#start, ends))
    return this.#items
  }

  #ofMembers(members: readonly Member[]): readonly JsonDraft[] {
    return members.map(
      ({ name, nameStart, valueStart, valueEnd }) =>
        new JsonDraft(this.#source, valueStart, valueEnd, this, name, nameStart),
    )
  }
}
