/** Fails a run in which `ai` is not the lowest version after all. */
import { ToolLoopAgent } from 'ai'
import { ToolLoopAgent as Lowest } from 'ai-lowest'
import { expect } from 'vitest'

expect(ToolLoopAgent).toBe(Lowest)
