import {
  type Edit,
  type KnownEnds,
  type Member,
  type Span,
  elementsOf,
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

/** A part of an object or list: what a comma separates. */
interface Item extends Span {
  /** Undefined in a list. */
  readonly name: string | undefined
  readonly value: JsonDraft
}

/**
 * One value of a document, and the changes to it so far. Reading may throw `JsonError` where a nested value is broken; what is asked of the
 * wrong kind of value (the members of a number) is answered with nothing, and changes nothing.
 */
export class JsonDraft {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number
  /** One for all values of a document. */
  readonly #ends: KnownEnds
  #items: readonly Item[] | undefined
  #removed = false
  #replacement: string | undefined
  #first = NONE
  #last = NONE

  private constructor(bytes: Buffer, start: number, end: number, ends: KnownEnds) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#ends = ends
  }

  /** A whole document, whose top level has been scanned. */
  static ofDocument(bytes: Buffer, members: readonly Member[]): JsonDraft {
    const root = new JsonDraft(bytes, bytes.indexOf(0x7b), bytes.lastIndexOf(0x7d) + 1, new Map())
    root.#items = members.map((member) => root.#itemOf(member))
    return root
  }

  get isObject(): boolean {
    return this.#bytes[this.#start] === 0x7b
  }

  get isList(): boolean {
    return this.#bytes[this.#start] === 0x5b
  }

  /** Decoded, if it is a string; as it came, whatever has replaced it. */
  get text(): string | undefined {
    return readNestedString(this.#bytes, this.#start)
  }

  /** The JSON text with its changes. */
  get json(): string {
    return (
      this.#replacement ?? splice(this.#bytes.subarray(this.#start, this.#end), this.#edits(this.#start)).toString()
    )
  }

  /** The member of that name; the last one if it stands twice, as `JSON.parse` would have it. Not one that was removed. */
  get(name: string): JsonDraft | undefined {
    return this.#parts().findLast((item) => item.name === name && !item.value.#removed)?.value
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Names of the members that are left. */
  get names(): readonly string[] {
    return this.#parts().flatMap(({ name, value }) => (name === undefined || value.#removed ? [] : [name]))
  }

  /** The elements that are left, if it is a list. */
  get elements(): readonly JsonDraft[] {
    return this.#parts().flatMap(({ name, value }) => (name !== undefined || value.#removed ? [] : [value]))
  }

  /** Takes this value out of the object or list around it, with its name and one comma. */
  remove(): void {
    this.#removed = true
  }

  /** Takes a member out, however often it stands. False when there is none. */
  removeMember(name: string): boolean {
    const found = this.#parts().filter((item) => item.name === name && !item.value.#removed)
    for (const { value } of found) value.remove()
    return found.length > 0
  }

  /** Gives this value another text; changes inside it are lost. */
  replace(json: string): void {
    this.#replacement = json
  }

  /** Gives a member another value, or adds it behind the others. */
  put(name: string, json: string): void {
    const member = this.get(name)
    if (!this.isObject) return
    if (member === undefined) this.#last = [...this.#last, `${JSON.stringify(name)}:${json}`]
    else member.replace(json)
  }

  /** Adds a member in front of the others, and of those that were added before. */
  putFirst(name: string, json: string): void {
    if (!this.isObject) return
    this.removeMember(name)
    this.#first = [`${JSON.stringify(name)}:${json}`, ...this.#first]
  }

  /** Adds an element at the end of a list. */
  append(json: string): void {
    if (this.isList) this.#last = [...this.#last, json]
  }

  /** What has to be spliced into the document's bytes; in order, apart, empty when nothing has changed. */
  edits(): Edit[] {
    return this.#edits(0)
  }

  #edits(origin: number): Edit[] {
    const edits: Edit[] = []
    this.#collect(edits, origin)
    return edits
  }

  #collect(edits: Edit[], origin: number): void {
    const note = (start: number, end: number, by: string): void => {
      edits.push({ start: start - origin, end: end - origin, by: Buffer.from(by) })
    }
    if (this.#replacement !== undefined) {
      note(this.#start, this.#end, this.#replacement)
      return
    }
    const isAddedTo = this.#first.length + this.#last.length > 0
    // Whoever was never looked into has not changed; most values of a body are such.
    if (!isAddedTo && this.#items === undefined) return
    const items = this.#parts()
    const kept = items.filter(({ value }) => !value.#removed)
    const behindBracket = this.#start + 1
    const inside: Span = { start: items[0]?.start ?? behindBracket, end: items.at(-1)?.end ?? behindBracket }
    const [first] = kept
    if (first === undefined) {
      if (isAddedTo || items.length > 0) note(inside.start, inside.end, [...this.#first, ...this.#last].join(','))
      return
    }
    const before = this.#first.map((json) => `${json},`).join('')
    if (before !== '' || first.start > inside.start) note(inside.start, first.start, before)
    let written = first.start
    for (const [index, { start, end, value }] of items.entries()) {
      if (value.#removed) continue
      // Between two that stay, those that go take the comma in front of them along.
      const previousEnd = items[index - 1]?.end
      if (previousEnd !== undefined && start > first.start && previousEnd > written) note(written, previousEnd, '')
      value.#collect(edits, origin)
      written = end
    }
    const after = this.#last.map((json) => `,${json}`).join('')
    if (after !== '' || inside.end > written) note(written, inside.end, after)
  }

  #parts(): readonly Item[] {
    if (this.#items !== undefined) return this.#items
    const elements = elementsOf(this.#bytes, this.#start, this.#ends)
    this.#items = this.isList
      ? elements.map(({ start, end }) => ({
          start,
          end,
          name: undefined,
          value: new JsonDraft(this.#bytes, start, end, this.#ends),
        }))
      : membersOf(this.#bytes, this.#start, this.#ends).map((member) => this.#itemOf(member))
    return this.#items
  }

  #itemOf({ name, nameStart, valueStart, valueEnd }: Member): Item {
    return {
      start: nameStart,
      end: valueEnd,
      name,
      value: new JsonDraft(this.#bytes, valueStart, valueEnd, this.#ends),
    }
  }
}
