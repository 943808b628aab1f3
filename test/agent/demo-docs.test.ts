import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { isToolCommand, toolRequest } from '../../src/agent/demo/command.ts'
import { parseProgram } from '../../src/agent/demo/parse.ts'
import { help } from '../../src/agent/demo/texts.ts'
import { createDemoTools } from '../../src/agent/demo/tools.ts'

const page = await readFile(new URL('../../docs/demo-model.md', import.meta.url), 'utf8')

/** The rows of the table of commands: everything in code marks, and the tool of the row. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, ask = '', also = '', tool = '']) => ({
    examples: [...`${ask} ${also}`.matchAll(/`([^`]+)`/g)].map(([, example]) => example!),
    tool: tool.replaceAll('`', ''),
  }))

describe('docs/demo-model.md', () => {
  it.each(rows)('is right about $tool $examples', ({ examples, tool }) => {
    for (const example of examples.filter((text) => text.includes(' '))) {
      const { steps, problems } = parseProgram(example)
      expect([example, problems, steps.length]).toEqual([example, [], 1])
      const names = steps[0]!.map((command) =>
        isToolCommand(command) ? toolRequest(command).toolName : '',
      )
      expect(names).toEqual([example.startsWith('open https') ? 'fetchUrl' : tool])
    }
  })

  it('names every tool, and its long example is understood', () => {
    expect(new Set(rows.map(({ tool }) => tool).filter(Boolean))).toEqual(
      new Set(Object.keys(createDemoTools({ root: '/nowhere' }))),
    )
    const example = /```\n([^`]+)```/.exec(page)?.[1] ?? ''
    const { steps, problems } = parseProgram(example)
    expect([steps.map((step) => step.length), problems]).toEqual([[2, 2, 1], []])
  })

  it('agrees with what the model says about itself', () => {
    const offers = [...help.matchAll(/^- (.+)$/gm)].map(([, offer]) => offer!)
    expect(offers.length).toBeGreaterThan(8)
    for (const offer of offers) {
      expect(page).toContain(`\`${offer}\``)
      expect(parseProgram(offer).problems).toEqual([])
    }
  })
})
