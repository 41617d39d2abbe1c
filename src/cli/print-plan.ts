import type { ConfigurationPlan } from '../contract/configuration.ts'
import type { Machine } from './machine.ts'
import { printable } from './print.ts'
import { unifiedDiff } from './unified-diff.ts'

type Step = ConfigurationPlan['steps'][number]
type Change = Step['changes'][number]

const SIGNS = { create: '+', update: '~', delete: '-' } as const
const COLOURS = { create: 32, update: 33, delete: 31 } as const
const WORDS: Readonly<Record<Step['kind'], string>> = {
  organisation: 'organisation',
  workspace: 'workspace',
  integration: 'integration',
  provider: 'provider',
  config: 'config',
  defaults: 'defaults of workspace',
  user: 'person',
  member: 'member',
  key: 'key',
  'usage-policy': 'budget policy',
  'rate-policy': 'rate policy',
  'alert-channel': 'alert channel',
}

/** A plan as lines for a terminal. */
export function printPlan({ steps, notes, unchanged }: ConfigurationPlan, machine: Machine): void {
  for (const step of steps) {
    machine.out(paint(`${SIGNS[step.action]} ${describeStep(step)}`, COLOURS[step.action], machine) + '\n')
    for (const change of step.changes) machine.out(describeChange(step, change, machine))
  }
  for (const note of notes) machine.out(`  ${printable(note)}\n`)
  if (steps.length > 0 || notes.length > 0) machine.out('\n')
  machine.out(`${summarise(steps, unchanged)}\n`)
}

/** `key payments/ci` */
export function describeStep({ kind, name }: Pick<Step, 'kind' | 'name'>): string {
  if (kind === 'organisation') return 'organisation'
  return `${WORDS[kind]} ${printable(kind === 'defaults' ? name.replace(/\/defaults$/, '') : name)}`
}

function summarise(steps: readonly Step[], unchanged: number): string {
  if (steps.length === 0) return `Nothing to do: ${unchanged} as they should be.`
  const count = (action: Step['action']) => steps.filter((step) => step.action === action).length
  return `To create: ${count('create')}. To change: ${count('update')}. To remove: ${count('delete')}. As they should be: ${unchanged}.`
}

const NAME_WIDTH = 16

function describeChange({ action }: Step, { member, from, to, secret }: Change, machine: Machine): string {
  const head = `    ${printable(member).padEnd(NAME_WIDTH)} `
  if (secret !== undefined) return `${head}(${secret})\n`
  const room = Math.max(20, machine.width - head.length)
  const before = action === 'create' || from === null ? undefined : from
  const short = before === undefined ? write(to) : `${write(before)} → ${write(to)}`
  if (short.length <= room) return `${head}${short}\n`
  // A plan is read by whoever has to agree, so nothing of it is cut off.
  const lines =
    before === undefined
      ? pretty(to).trimEnd().split('\n')
      : unifiedDiff(member, pretty(before), pretty(to)).split('\n').slice(2, -1)
  return `${head.trimEnd()}\n${lines.map((line) => `      ${paintLine(printable(line), machine)}\n`).join('')}`
}

function write(value: unknown): string {
  if (value === null) return '(nothing)'
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function paintLine(line: string, machine: Machine): string {
  if (line.startsWith('+')) return paint(line, COLOURS.create, machine)
  return line.startsWith('-') ? paint(line, COLOURS.delete, machine) : line
}

function paint(text: string, colour: number, { colours }: Machine): string {
  return colours ? `\u001b[${colour}m${text}\u001b[0m` : text
}
