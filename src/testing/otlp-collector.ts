import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import protobuf from 'protobufjs'

/** A span as the collector understood it. */
export interface CollectedSpan {
  readonly name: string
  /** 2 server, 3 client. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of its trace. */
  readonly parentSpanId: string
  readonly startMs: number
  readonly endMs: number
  /** 0 unset, 2 error. */
  readonly status: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A data point: a histogram's count and sum, or a counter's value as its sum. */
export interface CollectedPoint {
  readonly metric: string
  readonly unit: string
  readonly sum: number
  readonly count: number | undefined
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A collector of OpenTelemetry that takes nothing but what is spelt as the specification says. */
export interface OtlpCollector {
  readonly url: string
  readonly spans: readonly CollectedSpan[]
  readonly points: readonly CollectedPoint[]
  readonly resources: readonly Readonly<Record<string, unknown>>[]
  /** Headers of each request. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[]
  /** What was no OTLP. */
  readonly problems: readonly string[]
  /** What it answers from now on: 200 takes, `silent` never answers. */
  answer: number | 'silent'
  /** Resolves when this is so; asked after each request. */
  until(isSo: () => boolean): Promise<void>
  stop(): Promise<void>
}

/** Messages of opentelemetry-proto 1.x, as far as the gateway writes them. */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message AnyValue { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4;
    ArrayValue arrayValue = 5; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; uint32 droppedAttributesCount = 2; }
  message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 droppedAttributesCount = 4; }
  message Traces { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; string schemaUrl = 3; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schemaUrl = 3; }
  message Span { bytes traceId = 1; bytes spanId = 2; string traceState = 3; bytes parentSpanId = 4; string name = 5;
    int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated KeyValue attributes = 9;
    uint32 droppedAttributesCount = 10; repeated Empty events = 11; uint32 droppedEventsCount = 12; repeated Empty links = 13;
    uint32 droppedLinksCount = 14; Status status = 15; fixed32 flags = 16; }
  message Empty {}
  message Status { string message = 2; int32 code = 3; }
  message Metrics { repeated ResourceMetrics resourceMetrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopeMetrics = 2; string schemaUrl = 3; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; string schemaUrl = 3; }
  message Metric { string name = 1; string description = 2; string unit = 3; Sum sum = 7; Histogram histogram = 9; }
  message Sum { repeated NumberPoint dataPoints = 1; int32 aggregationTemporality = 2; bool isMonotonic = 3; }
  message NumberPoint { repeated KeyValue attributes = 7; fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3;
    oneof value { double asDouble = 4; sfixed64 asInt = 6; } uint32 flags = 8; }
  message Histogram { repeated HistogramPoint dataPoints = 1; int32 aggregationTemporality = 2; }
  message HistogramPoint { repeated KeyValue attributes = 9; fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3;
    fixed64 count = 4; double sum = 5; repeated fixed64 bucketCounts = 6; repeated double explicitBounds = 7; uint32 flags = 10;
    double min = 11; double max = 12; }`,
  { keepCase: true },
)

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const seen = {
    spans: [] as CollectedSpan[],
    points: [] as CollectedPoint[],
    resources: [] as Readonly<Record<string, unknown>>[],
    headers: [] as NodeJS.Dict<string | string[]>[],
    problems: [] as string[],
  }
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      seen.headers.push(request.headers)
      if (collector.answer === 200) take(request.url ?? '', Buffer.concat(pieces).toString())
      if (collector.answer !== 'silent') {
        response.writeHead(collector.answer, { 'content-type': 'application/json' }).end('{}')
      }
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const collector: OtlpCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...seen,
    answer: 200,
    until(isSo) {
      if (isSo()) return Promise.resolve()
      return new Promise((resolve) => {
        const look = () => {
          if (!isSo()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
      })
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
  return collector

  function take(path: string, text: string): void {
    try {
      if (path === '/v1/traces') takeTraces(readStrictly('Traces', text))
      else if (path === '/v1/metrics') takeMetrics(readStrictly('Metrics', text))
      else seen.problems.push(`nothing is sent to ${path}`)
    } catch (error) {
      seen.problems.push(String(error))
    }
  }

  function takeTraces(message: Node): void {
    for (const ofResource of message['resourceSpans'] as Node[]) {
      seen.resources.push(attributesOf(ofResource['resource'] as Node))
      for (const scope of ofResource['scopeSpans'] as Node[]) {
        for (const span of scope['spans'] as Node[]) {
          seen.spans.push({
            name: String(span['name']),
            kind: Number(span['kind']),
            traceId: hex(span['traceId']),
            spanId: hex(span['spanId']),
            parentSpanId: hex(span['parentSpanId']),
            startMs: Number(span['startTimeUnixNano']) / 1e6,
            endMs: Number(span['endTimeUnixNano']) / 1e6,
            status: Number((span['status'] as Node)['code']),
            attributes: attributesOf(span),
          })
        }
      }
    }
  }

  function takeMetrics(message: Node): void {
    for (const ofResource of message['resourceMetrics'] as Node[]) {
      for (const scope of ofResource['scopeMetrics'] as Node[]) {
        for (const metric of scope['metrics'] as Node[]) {
          const data = (metric['sum'] ?? metric['histogram']) as Node
          for (const point of data['dataPoints'] as Node[]) {
            seen.points.push({
              metric: String(metric['name']),
              unit: String(metric['unit']),
              sum: isGiven(metric['histogram']) ? Number(point['sum']) : Number(point['asDouble'] ?? point['asInt']),
              count: isGiven(metric['histogram']) ? Number(point['count']) : undefined,
              attributes: attributesOf(point),
            })
          }
        }
      }
    }
  }
}

type Node = Readonly<Record<string, unknown>>

/** JSON of OTLP has ids in hex where JSON of protobuf has base64. Members that no message knows are a mistake here. */
function readStrictly(name: string, text: string): Node {
  const type = root.lookupType(name)
  const plain: unknown = JSON.parse(text, (key, value: unknown) =>
    /^(traceId|spanId|parentSpanId)$/.test(key) && typeof value === 'string' ? Buffer.from(value, 'hex') : value,
  )
  const unknown = unknownMembers(type, plain)
  if (unknown.length > 0) throw new Error(`${name} knows no ${unknown.join(', ')}`)
  const message = type.decode(type.encode(type.fromObject(plain as Record<string, unknown>)).finish())
  return type.toObject(message, { longs: String, defaults: true, arrays: true })
}

function unknownMembers(type: protobuf.Type, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const field = type.fields[name]
    if (field === undefined) return [`${type.name}.${name}`]
    const inner = field.resolve().resolvedType
    if (!(inner instanceof protobuf.Type)) return []
    return (Array.isArray(member) ? member : [member]).flatMap((each) => unknownMembers(inner, each))
  })
}

function attributesOf(node: Node): Readonly<Record<string, unknown>> {
  return Object.fromEntries((node['attributes'] as Node[]).map(({ key, value }) => [key, valueOf(value as Node)]))
}

function valueOf(value: Node): unknown {
  if (isGiven(value['arrayValue'])) return ((value['arrayValue'] as Node)['values'] as Node[]).map(valueOf)
  if (isGiven(value['intValue'])) return Number(value['intValue'])
  return value['stringValue'] ?? value['doubleValue'] ?? value['boolValue']
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex')
}

/** Messages that are not there are null. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
