import { hash } from 'node:crypto'
import type { LoadbalanceNode, RoutingNode } from './routing-config.ts'

/*
 * Weighted rendezvous hashing: every option draws a number from its name and the key, scaled by its weight, and the options stand in the order
 * of their draws. Every replica finds the same order without asking the others; an option that joins takes only its own share from the others,
 * and one that leaves hands only its own share to them. Why: docs/decisions/0007-routing.md.
 */

/** One option of a draw. */
export interface Share {
  /** What is hashed: two options of one draw have different names. */
  readonly name: string
  /** 0 or more, finite; only the proportions count. */
  readonly weight: number
}

/** The indices of the children in the order in which this key meets them. Children of weight 0 are left out. */
export function chooseOrder(node: LoadbalanceNode, key: string): readonly number[] {
  const names = optionNames(node.children)
  return orderByWeight(
    node.weights.map((weight, index) => ({ name: names[index] ?? '', weight })),
    key,
  )
}

/** The indices of the shares in the order of their draws for this key; those of weight 0 take no part. */
export function orderByWeight(shares: readonly Share[], key: string): readonly number[] {
  return shares
    .map(({ name, weight }, index) => ({
      index,
      weight,
      draw: weight > 0 ? waitingTime(name, key) / weight : Infinity,
    }))
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => one.draw - other.draw || one.index - other.index)
    .map(({ index }) => index)
}

/**
 * What an option of a draw is called: its own name, else its provider and model, else where it stands. A target that moves within its list keeps
 * its conversations that way. The second of two that say the same is told apart by a number.
 */
export function optionNames(nodes: readonly RoutingNode[]): readonly string[] {
  const seen = new Map<string, number>()
  return nodes.map((node) => {
    const name = nameOf(node)
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name}\n${count}`
  })
}

function nameOf(node: RoutingNode): string {
  if (node.name !== undefined) return node.name
  if (node.kind !== 'target') return node.path
  const model = node.settings.params.overrides['model']
  return `@${node.provider ?? ''}/${typeof model === 'string' ? model : ''}`
}

/**
 * An exponential draw: the negative logarithm of an even one. Of several such draws, each divided by its weight, an option's is the smallest
 * with a chance of exactly its share.
 */
function waitingTime(name: string, key: string): number {
  const digest = hash('sha256', `${JSON.stringify(name)}${key}`, 'buffer')
  // 48 bits are the most that one call reads; half a step keeps the draw off zero and one.
  return -Math.log((digest.readUIntBE(0, 6) + 0.5) / 2 ** 48)
}
