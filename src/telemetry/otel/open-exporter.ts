import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { describeExchange, type FindUpstream, type PlainSpan } from './describe-exchange.ts'
import type { Exporter } from './export-exchanges.ts'
import { createMeasures } from './measure.ts'

/** Where telemetry goes. */
export interface CollectorAddress {
  /** Base of the collector, such as `http://localhost:4318`; `/v1/traces` and `/v1/metrics` are added. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds for one batch, with all its tries. */
  readonly timeoutMs: number
  readonly metricIntervalMs: number
  /** What every span and metric says of this process, `service.name` among it. */
  readonly resource: Readonly<Record<string, string>>
}

/** Series of one metric that are told apart; the rest is one. */
const SERIES_MAX = 2_000

/**
 * Opens connections through the official libraries, as OTLP over HTTP in JSON, with their retries. They are loaded here and only
 * here, so that a gateway that exports nothing does not carry them.
 */
export async function openExporter(
  { endpoint, headers, timeoutMs, metricIntervalMs, resource: facts }: CollectorAddress,
  version: string,
  find: FindUpstream,
): Promise<Exporter> {
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { MeterProvider, PeriodicExportingMetricReader }, resources] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/resources'),
    ])
  const { SpanKind, SpanStatusCode, TraceFlags } = await import('@opentelemetry/api')
  const resource = resources.resourceFromAttributes({ 'service.version': version, ...facts })
  const scope = { name: SCOPE, version }
  const at = (path: string) => ({
    url: `${endpoint.replace(/\/+$/, '')}/v1/${path}`,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
  })
  const traces = new OTLPTraceExporter(at('traces'))
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(at('metrics')),
        exportIntervalMillis: metricIntervalMs,
        exportTimeoutMillis: Math.min(timeoutMs, metricIntervalMs),
        cardinalityLimits: { default: SERIES_MAX },
      }),
    ],
  })
  const measure = createMeasures(meters.getMeter(SCOPE, version), find)

  function readable(span: PlainSpan): ReadableSpan {
    const context = { traceId: span.traceId, spanId: span.spanId, traceFlags: TraceFlags.SAMPLED }
    return {
      name: span.name,
      kind: span.kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
      spanContext: () => context,
      ...(span.parentSpanId !== undefined && {
        parentSpanContext: { ...context, spanId: span.parentSpanId, isRemote: span.kind === 'server' },
      }),
      startTime: toParts(span.startMs),
      endTime: toParts(span.endMs),
      duration: toParts(span.endMs - span.startMs),
      status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: span.attributes,
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }

  return {
    send(exchanges) {
      for (const exchange of exchanges) measure(exchange)
      const spans = exchanges.flatMap((exchange) => describeExchange(exchange, find).map(readable))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      traces.export(spans, ({ error, code }) => {
        if (code === 0) resolve()
        else reject(error ?? new Error('The collector did not take the spans'))
      })
      return promise
    },
    async close() {
      await Promise.allSettled([meters.shutdown(), traces.shutdown()])
    },
  }
}

/** Who has measured, in the words of OpenTelemetry: the instrumentation scope. */
const SCOPE = 'portcullis'

/** Seconds and nanoseconds. */
function toParts(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.floor((ms - seconds * 1_000) * 1e6)]
}
