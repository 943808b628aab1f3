/** The structured output of an answer, read and checked by the agent's `output`. */
import { NoObjectGeneratedError } from 'ai'
import type { StepRecord } from '../domain/step.ts'
import type { OutputReading } from '../engine/ports.ts'
import type { CallOptions } from './define-agent.ts'
import { ownCode } from './own-code.ts'
import { publicText } from './public-text.ts'
import { usageOf } from './step-result.ts'
import { asJson } from './tool-run.ts'

/** @throws AgentFailedError when the output's own code throws, or gives what JSON cannot express */
export const readOutput = (
  output: CallOptions['output'],
  { parts, info }: StepRecord,
): Promise<OutputReading> =>
  ownCode('output', async () => {
    // A text is the answer itself.
    if (!output || output.name === 'text') return { kind: 'none' }
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const context = {
      response: {
        id: info?.responseId ?? '',
        timestamp: info?.finishedAt ?? new Date(0),
        modelId: info?.modelId ?? '',
      },
      usage: usageOf(info?.usage),
      finishReason: 'stop' as const,
    }
    try {
      const value = await output.parseCompleteOutput({ text }, context)
      return { kind: 'read', output: asJson(value, 'The output of the agent') }
    } catch (thrown) {
      if (!NoObjectGeneratedError.isInstance(thrown)) throw thrown
      return { kind: 'invalid', error: `${UNFIT}: ${publicText(thrown.message)}` }
    }
  })

const UNFIT = 'The answer does not have the form that the agent asks for'
