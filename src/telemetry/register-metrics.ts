import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from './metrics.ts'

export interface MetricsRouteParts {
  readonly metrics: Metrics
  /** Anybody who reaches the port may read; otherwise an administrator's key is asked for. */
  readonly isPublic: boolean
  /** Whether this key is an administrator's. */
  readonly isAdministrator: (secret: string) => boolean
}

/** `GET /metrics`: a scraper sends an administrator's key as `authorization: Bearer …` or in `x-portkey-api-key`. */
export function registerMetrics(app: FastifyInstance, { metrics, isPublic, isAdministrator }: MetricsRouteParts): void {
  app.get('/metrics', async (request, reply) => {
    void reply.header('cache-control', 'no-store')
    const secret = secretOf(request)
    if (!isPublic && (secret === undefined || !isAdministrator(secret))) {
      return reply.code(401).header('www-authenticate', 'Bearer').send(REFUSAL)
    }
    const { contentType, text } = await metrics.expose()
    return reply.type(contentType).send(text)
  })
}

/** In the shape of the admin API, which the key is for. */
const REFUSAL = {
  success: false,
  data: {
    message:
      'Send an administrator’s key as authorization: Bearer … or in x-portkey-api-key, or set PORTCULLIS_METRICS_PUBLIC=true.',
    errorCode: 'AB05',
  },
}

function secretOf({ headers }: FastifyRequest): string | undefined {
  const explicit = headers['x-portkey-api-key']
  if (typeof explicit === 'string' && explicit !== '') return explicit
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
