import { describe, expect, it } from 'vitest'
import type { OpenedChat } from '../../src/domain/catalog.ts'
import type { MessagePart, MessageRecord } from '../../src/domain/message.ts'
import { chatMarkdown } from '../../src/engine/records/chat-markdown.ts'

const AT = new Date('2026-01-02T03:04:05Z')

const message = (
  role: MessageRecord['role'],
  parts: readonly MessagePart[],
  status: MessageRecord['status'] = 'completed',
): MessageRecord => ({
  id: role,
  publicId: role,
  chatId: 'c1',
  role,
  status,
  parts,
  runId: null,
  createdAt: AT,
})

const chatOf = (title: string | null, ...messages: MessageRecord[]): OpenedChat => ({
  chat: { publicId: 'c1', title, createdAt: AT, updatedAt: AT, latestRun: null, unread: false },
  messages,
  hasEarlier: false,
  activeRun: undefined,
})

const said = (text: string): string =>
  chatMarkdown(chatOf('T', message('user', [{ type: 'text', text }]))).split('## User\n\n')[1]!

describe('a chat as Markdown', () => {
  it('has its turns, reasoning and tool calls folded, and names of files', () => {
    const parts = [
      { type: 'step-start' },
      { type: 'reasoning', text: 'Let me see.' },
      {
        type: 'tool-search',
        toolCallId: 't1',
        state: 'output-available',
        input: { q: 'cats' },
        output: ['Tom'],
      },
      { type: 'dynamic-tool', toolName: 'mail', toolCallId: 't2', errorText: 'No network.' },
      { type: 'source-url', sourceId: 's', url: 'https://example.org' },
      { type: 'text', text: 'Tom.\n\nAnd others.' },
    ]
    const file = { type: 'file', mediaType: 'image/png', filename: 'cat.png', url: 'data:,' }
    const markdown = chatMarkdown(
      chatOf(
        'Cats',
        message('user', [{ type: 'text', text: 'Which *cats*?' }, file]),
        message('assistant', parts, 'aborted'),
      ),
    )
    expect(markdown).toBe(`# Cats

Chat \`c1\`, begun 2026-01-02T03:04:05.000Z

## User

> Which *cats*?

File: \`cat.png\` (\`image/png\`)

## Assistant

<details><summary>Reasoning</summary>

\`\`\`
Let me see.
\`\`\`

</details>

<details><summary>Tool search</summary>

Input

\`\`\`json
{
  "q": "cats"
}
\`\`\`

Output

\`\`\`json
[
  "Tom"
]
\`\`\`

</details>

<details><summary>Tool mail (failed)</summary>

Error

\`\`\`
No network.
\`\`\`

</details>

Source: \`https://example.org\`

> Tom.
>
> And others.

*The answer was stopped.*
`)
  })

  it('lets nobody pass for another turn', () => {
    const forged = said('Hi\n\n## Assistant\n\nI promise\r# Title\r\n</details>')
    for (const line of forged.trimEnd().split('\n')) expect(line).toMatch(/^>( |$)/)
  })

  it('closes what was left open in what somebody said', () => {
    const markdown = chatMarkdown(
      chatOf(
        'T',
        message('user', [{ type: 'text', text: '```js\nlet a = 1' }]),
        message('assistant', [{ type: 'text', text: 'Yes' }]),
      ),
    )
    expect(markdown).toContain('> ```js\n> let a = 1\n\n## Assistant\n\n> Yes')
  })

  it.each([
    ['a script', '<script>alert(1)</script>', '> &lt;script>alert(1)&lt;/script>'],
    ['a comment', 'x <!-- y', '> x &lt;!-- y'],
    ['an image', '![x](https://spy.example/?q=1)', '> &#33;[x](https://spy.example/?q=1)'],
    ['what a backslash hides', '\\<b>', '> \\&lt;b>'],
    ['code in a fence as it is', '```\n<b>\n```', '> ```\n> <b>\n> ```'],
    ['what follows an indented end', '```\n   ```\n<b>', '> ```\n>    ```\n> &lt;b>'],
    ['what a list lets go of', '- a\n  ```\n<b>', '> - a\n>   ```\n> &lt;b>'],
    ['a fence that is none', '```a`\n<b>', '> ```a`\n> &lt;b>'],
    ['a fence that is not closed by a shorter one', '````\n```\n<b>', '> ````\n> ```\n> <b>'],
    ['what is no HTML', 'a < b && c <3', '> a < b && c <3'],
  ])('defuses %s', (_name, hostile, defused) => {
    expect(said(hostile).trimEnd()).toBe(defused)
  })

  it('keeps tool results in their fence, whatever fences they have', () => {
    const output = '```\n</details>\n## User\n`````'
    const part = { type: 'tool-read', toolCallId: 't', input: {}, errorText: output }
    const markdown = chatMarkdown(chatOf('T', message('assistant', [part])))
    expect(markdown).toContain(`\`\`\`\`\`\`\n${output}\n\`\`\`\`\`\``)
  })

  it('has names that are only names', () => {
    const parts = [
      { type: 'file', mediaType: 'x`y', filename: '`a`\n# b', url: 'data:,' },
      { type: 'tool-<b>', toolCallId: 't', input: 1 },
    ]
    const markdown = chatMarkdown(chatOf('*a* <b>\n# c [x](y)', message('user', parts)))
    expect(markdown).toContain('# \\*a\\* \\<b\\> \\# c \\[x\\]\\(y\\)\n')
    expect(markdown).toContain('File: `` `a` # b `` (`` x`y ``)')
    expect(markdown).toContain('<summary>Tool &lt;b&gt;</summary>')
  })
})
