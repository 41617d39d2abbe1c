/** Whose telemetry it is: the holder of the key that it came with. What it says of its user itself does not count. */
export interface Reporter {
  readonly organisationId: string
  readonly workspaceId: string
  readonly keyId: string
  readonly userId: string | undefined
}
