/*
 * Agents and spans say by themselves what they hang below, and anybody can send such headers. So a claim is believed only where a
 * tree comes of it: what it names is among them, and not below. Everything else hangs on the root.
 */

/** Something that names itself and claims what it hangs below. The id null is the root's own. */
export interface Claiming {
  readonly id: string | null
  readonly claimedParent: string | null
}

/** A place in the tree. */
export interface Place<Item> {
  /** Null for the root. */
  readonly id: string | null
  /** Undefined for a root that is nothing itself. */
  readonly item: Item | undefined
  readonly parentId: string | null
  readonly depth: number
}

interface Node<Item> {
  readonly id: string | null
  readonly item: Item | undefined
  parentId: string | null
  readonly children: Node<Item>[]
}

/**
 * The root, and everything below it: each followed by its own, and those side by side in the order in which they were given. Ids have to
 * be different; claims can be anything.
 */
export function placeByClaims<Item extends Claiming>(items: readonly Item[]): readonly Place<Item>[] {
  const nodes = new Map<string | null, Node<Item>>([
    [null, { id: null, item: undefined, parentId: null, children: [] }],
  ])
  for (const item of items) nodes.set(item.id, { id: item.id, item, parentId: null, children: [] })
  for (const { id, claimedParent } of items) {
    const node = nodes.get(id)!
    if (id !== null && nodes.has(claimedParent) && !isAbove(node, claimedParent, nodes)) node.parentId = claimedParent
  }
  const root = nodes.get(null)!
  for (const { id } of items) if (id !== null) nodes.get(nodes.get(id)!.parentId)!.children.push(nodes.get(id)!)
  return inOrder(root)
}

/** Whether a node is the one that is named, or stands somewhere above it: then it cannot hang below it. */
function isAbove<Item>(
  { id }: Node<Item>,
  named: string | null,
  nodes: ReadonlyMap<string | null, Node<Item>>,
): boolean {
  for (let at = named; at !== null; at = nodes.get(at)!.parentId) if (at === id) return true
  return false
}

/** Not by calls into calls: claims can make a tree of any depth. */
function inOrder<Item>(root: Node<Item>): readonly Place<Item>[] {
  const places: Place<Item>[] = []
  const waiting = [{ node: root, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next
    const { id, item, parentId, children } = node
    places.push({ id, item, parentId, depth })
    for (const child of children.toReversed()) waiting.push({ node: child, depth: depth + 1 })
  }
  return places
}
