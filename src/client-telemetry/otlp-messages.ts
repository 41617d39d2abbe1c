import protobuf from 'protobufjs'

/*
 * Messages of OTLP 1.x (https://github.com/open-telemetry/opentelemetry-proto), as far as they are read: what stands in no line here is
 * passed over. Values that nest (arrays, maps) are not read, so no message can be deep.
 */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message AnyValue { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; } }
  message KeyValue { string key = 1; AnyValue value = 2; }

  message LogsRequest { repeated ResourceLogs resourceLogs = 1; }
  message ResourceLogs { repeated ScopeLogs scopeLogs = 2; }
  message ScopeLogs { repeated LogRecord logRecords = 2; }
  message LogRecord { fixed64 timeUnixNano = 1; AnyValue body = 5; repeated KeyValue attributes = 6;
    fixed64 observedTimeUnixNano = 11; string eventName = 12; }

  message MetricsRequest { repeated ResourceMetrics resourceMetrics = 1; }
  message ResourceMetrics { repeated ScopeMetrics scopeMetrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; Points gauge = 5; Sum sum = 7; Points histogram = 9; Points exponentialHistogram = 10;
    Points summary = 11; }
  message Sum { repeated NumberPoint dataPoints = 1; int32 aggregationTemporality = 2; }
  message NumberPoint { fixed64 timeUnixNano = 3; oneof value { double asDouble = 4; sfixed64 asInt = 6; }
    repeated KeyValue attributes = 7; }
  message Points { repeated Empty dataPoints = 1; }
  message Empty {}

  message LogsResponse { LogsPartialSuccess partialSuccess = 1; }
  message LogsPartialSuccess { int64 rejectedLogRecords = 1; string errorMessage = 2; }
  message MetricsResponse { MetricsPartialSuccess partialSuccess = 1; }
  message MetricsPartialSuccess { int64 rejectedDataPoints = 1; string errorMessage = 2; }
  message Status { int32 code = 1; string message = 2; }`,
  { keepCase: true },
)

export type MessageName = 'LogsRequest' | 'MetricsRequest' | 'LogsResponse' | 'MetricsResponse' | 'Status'

/** The message as plain objects under the names of OTLP's JSON, with 64-bit integers as strings. Throws where the bytes are none. */
export function decodeMessage(name: MessageName, bytes: Buffer): Readonly<Record<string, unknown>> {
  const type = root.lookupType(name)
  return type.toObject(type.decode(bytes), { longs: String })
}

/** How many messages there are in one, all levels together; stops counting beyond `most`. Nothing is built for it. */
export function countMessages(name: MessageName, bytes: Buffer, most: number): number {
  const reader = protobuf.Reader.create(bytes)
  let count = 0
  walk(root.lookupType(name), bytes.length)
  return count

  function walk(type: protobuf.Type, end: number): void {
    while (reader.pos < end && count <= most) {
      const tag = reader.uint32()
      const inner = type.fieldsById[tag >>> 3]?.resolve().resolvedType
      if (inner instanceof protobuf.Type && (tag & 7) === LENGTH_DELIMITED) {
        count++
        const length = reader.uint32()
        walk(inner, reader.pos + length)
      } else {
        reader.skipType(tag & 7)
      }
    }
  }
}

/** The wire type of messages and texts. */
const LENGTH_DELIMITED = 2

export function encodeMessage(name: MessageName, fields: Readonly<Record<string, unknown>>): Buffer {
  const type = root.lookupType(name)
  return Buffer.from(type.encode(type.fromObject(fields)).finish())
}
