import type { Patience } from '../../store/through-time.ts'
import { readLatencies } from './durations-from-rollups.ts'
import { readRollUps } from './lines-from-rollups.ts'
import { readDurations, readSums } from './lines-from-rows.ts'
import type { Lines } from './lines.ts'
import { durationOf, type SumMetric } from './measure.ts'
import type { UsageQuestion } from './usage-question.ts'

/** What a chart shows: from the roll-ups where they know, else from the records. */
export async function readLines(question: UsageQuestion, patience: Patience): Promise<Lines> {
  const duration = durationOf(question.metric)
  if (duration !== undefined) {
    return (await readLatencies(question, duration)) ?? (await readDurations(question, duration, patience))
  }
  const metric = question.metric as SumMetric
  return (await readRollUps(question, metric)) ?? (await readSums(question, metric, patience))
}
