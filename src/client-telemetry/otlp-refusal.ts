/** Why a request is not taken, with the HTTP status that OTLP asks for: 503 has clients send it again, all others have them drop it. */
export class OtlpRefusal extends Error {
  override readonly name = 'OtlpRefusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
