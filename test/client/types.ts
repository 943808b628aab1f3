/** The types of an agent's tools and data parts reach its client. Nothing runs here: `npm run typecheck` is what fails. */
import type { useChat } from '@ai-sdk/react'
import { tool, type ChatTransport, type UIMessage } from 'ai'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import {
  createOutlastClient,
  OutlastChatTransport,
  type OutlastMessage,
} from '../../src/client/index.ts'
import type { useOutlastChat } from '../../src/react/index.ts'
import { scriptedModel } from '../support/scripted-model.ts'

const agent = defineAgent({
  name: 'support',
  model: scriptedModel(() => []),
  tools: {
    findOrder: tool({
      inputSchema: z.object({ orderId: z.string() }),
      execute: ({ orderId }) => ({ orderId, paid: true }),
    }),
  },
})

type Message = OutlastMessage<typeof agent, { progress: { done: number } }>

/** A message has the inputs and outputs of the tools, and the data parts. */
export const messages = (): void => {
  type Part = Message['parts'][number]
  type Call = Extract<Part, { type: 'tool-findOrder' }>
  expectTypeOf<Extract<Call, { state: 'input-available' }>['input']>().toEqualTypeOf<{
    orderId: string
  }>()
  expectTypeOf<Extract<Call, { state: 'output-available' }>['output']>().toEqualTypeOf<{
    orderId: string
    paid: boolean
  }>()
  expectTypeOf<Extract<Part, { type: 'data-progress' }>['data']>().toEqualTypeOf<{ done: number }>()
  expectTypeOf<Message['metadata']>().toEqualTypeOf<
    { readonly runId?: string; readonly chatId?: string } | undefined
  >()
}

/** Clients, hooks and transport carry them. */
export const carried = (): void => {
  const client = createOutlastClient<Message>()
  expectTypeOf(client.chats.open)
    .returns.resolves.toHaveProperty('messages')
    .toEqualTypeOf<Message[]>()
  expectTypeOf<ReturnType<typeof useOutlastChat<Message>>['messages']>().toEqualTypeOf<Message[]>()
  expectTypeOf<ReturnType<typeof useOutlastChat<Message>>>().toExtend<
    ReturnType<typeof useChat<Message>>
  >()
  expectTypeOf(new OutlastChatTransport<Message>({ client })).toExtend<ChatTransport<Message>>()
  expectTypeOf(new OutlastChatTransport()).toExtend<ChatTransport<UIMessage>>()
}
