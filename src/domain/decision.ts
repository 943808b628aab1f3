/** What people say to a waiting run: as their clients send it, and as the ledger takes it. */

type ToCall = {
  readonly toolCallId: string
  /** The step of the call, where the client knows it; ids of calls may return in later steps. */
  readonly stepIndex?: number | undefined
}

/** An approval, given or refused; or what a tool gave that the client has executed. */
export type Answer =
  | {
      readonly approvalId: string
      readonly approved: boolean
      readonly reason?: string | undefined
    }
  | (ToCall & { readonly output: unknown })
  | (ToCall & { readonly errorText: string })

/** An answer that was checked, about the call of the run's last step with this id. */
export type Decision = { readonly toolCallId: string } & (
  | { readonly kind: 'approval'; readonly approved: boolean; readonly reason?: string | undefined }
  | { readonly kind: 'output'; readonly output: unknown; readonly modelOutput?: unknown }
  | { readonly kind: 'error'; readonly error: string }
)
