/** How long an agent's model, steps and tools may take, from the AI SDK's `timeout`. */
import { milliseconds } from './check-agent.ts'

type Refuse = (reason: string) => never

export type Timeout = {
  readonly firstChunkMs: number
  readonly chunkMs: number
  readonly stepMs: number | undefined
  readonly toolMs: number
  /** Of single tools, by their names. */
  readonly tools: Readonly<Record<string, number>>
}

export const timeoutOf = (
  timeout: unknown,
  toolNames: readonly string[],
  refuse: Refuse,
): Timeout => {
  if (timeout !== undefined && (typeof timeout !== 'object' || timeout === null)) {
    refuse(
      'a timeout for the whole answer is not supported: a run may take as long as it progresses. ' +
        'Set timeout: { firstChunkMs, chunkMs, stepMs, toolMs }.',
    )
  }
  const { firstChunkMs, chunkMs, stepMs, toolMs, tools, ...others } = (timeout ?? {}) as Record<
    string,
    unknown
  >
  const other = Object.entries(others).find(([, value]) => value !== undefined)
  if (other) {
    refuse(
      `"timeout.${other[0]}" is not supported: a run may take as long as it progresses. Set firstChunkMs, chunkMs, stepMs, toolMs or tools.`,
    )
  }
  return Object.freeze({
    firstChunkMs: milliseconds('timeout.firstChunkMs', firstChunkMs, 120_000, refuse),
    chunkMs: milliseconds('timeout.chunkMs', chunkMs, 60_000, refuse),
    stepMs: stepMs === undefined ? undefined : milliseconds('timeout.stepMs', stepMs, 0, refuse),
    toolMs: milliseconds('timeout.toolMs', toolMs, 600_000, refuse),
    tools: perTool(tools, toolNames, refuse),
  })
}

const perTool = (
  tools: unknown,
  toolNames: readonly string[],
  refuse: Refuse,
): Readonly<Record<string, number>> => {
  const given = Object.entries((tools ?? {}) as object).filter(([, value]) => value !== undefined)
  const limits = given.map(([key, value]) => {
    const name = toolNames.find((one) => `${one}Ms` === key)
    if (name === undefined) refuse(`timeout.tools names "${key}", but there is no such tool.`)
    return [name!, milliseconds(`timeout.tools.${key}`, value, 0, refuse)] as const
  })
  return Object.freeze(Object.fromEntries(limits))
}
