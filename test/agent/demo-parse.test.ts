import { asSchema } from 'ai'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeCommand, isToolCommand, toolRequest } from '../../src/agent/demo/command.ts'
import type { Command } from '../../src/agent/demo/command.ts'
import { parseProgram } from '../../src/agent/demo/parse.ts'
import { createDemoTools } from '../../src/agent/demo/tools.ts'

const tell = (command: Command): string =>
  command.verb === 'say'
    ? `say <${command.text}>`
    : `${describeCommand(command)}${'isSlow' in command && command.isSlow ? ' slowly' : ''}`

/** Steps as lines, the commands of a step joined by ` & `. */
const steps = (message: string): string[] =>
  parseProgram(message).steps.map((step) => step.map(tell).join(' & '))

const root = 'the shared folder'

describe('single commands', () => {
  it.each([
    ['list files', `list the files in ${root}`],
    ['List the files in src.', 'list the files in src'],
    ['ls -la src', 'list the files in src'],
    ['ls -R src', 'list the files in src and below'],
    ['please LIST all files in "my docs", thanks!', 'list the files in my docs'],
    ['what files are there in src?', 'list the files in src'],
    ['show me the files under docs/guide/', 'list the files in docs/guide/'],
    ['give me a list of the files in src', 'list the files in src'],
    ['list everything recursively', `list the files in ${root} and below`],
    ['show the directory tree', `list the files in ${root} and below`],
    ['list ..', 'list the files in ..'],
    ['what is in src?', 'list the files in src'],
    ['what is in README.md?', 'read README.md'],
    ['read README.md.', 'read README.md'],
    ['read the file README.md, please', 'read README.md'],
    ['could you please open "docs/my notes.txt"?', 'read docs/my notes.txt'],
    ["cat 'a b.txt'", 'read a b.txt'],
    ['What does README.md say?', 'read README.md'],
    ['show me the contents of docs/a.md', 'read docs/a.md'],
    ['get README.md', 'read README.md'],
    ['read package.json in the web folder', 'read web/package.json'],
    ['use readFile on README.md', 'read README.md'],
    ['read [id].tsx', 'read [id].tsx'],
    ['README.md', 'read README.md'],
    ['In src, list the files', 'list the files in src'],
    ['In README.md, search for "a b"', 'search for "a b" in README.md'],
    ["I'd like to know how many lines a.md has", 'count the lines in a.md'],
    ['open docs', 'list the files in docs'],
    ["show me what's in the docs folder", 'list the files in docs'],
    ['search for "TODO" in src', 'search for "TODO" in src'],
    ['search for TODO in src', 'search for "TODO" in src'],
    ['search src for some words', 'search for "some words" in src'],
    ['search in src for createX', 'search for "createX" in src'],
    ['search README.md for "install"', 'search for "install" in README.md'],
    ['look for "a b"', `search for "a b" in ${root}`],
    ['grep -rn needle src', 'search for "needle" in src'],
    ["find the word 'list' in all files", `search for "list" in ${root}`],
    ['find "list files and then read" in docs', 'search for "list files and then read" in docs'],
    ['find files containing "x" in docs', 'search for "x" in docs'],
    ['which files mention TODO?', `search for "TODO" in ${root}`],
    ['where is parseProgram defined in src?', 'search for "parseProgram" in src'],
    ['find the string "a" in the file b.txt inside docs', 'search for "a" in docs/b.txt'],
    ['search for "x" in "my folder"', 'search for "x" in my folder'],
    ['find all files in src', 'list the files in src and below'],
    ['count lines in README.md', 'count the lines in README.md'],
    ['count the words and lines of README.md', 'count the words and the lines in README.md'],
    ['how many lines does README.md have?', 'count the lines in README.md'],
    ['how many words are there in "my file.txt"', 'count the words in my file.txt'],
    ['how many files are in src?', 'count the files in src'],
    ['count the number of characters in a.txt', 'count the characters in a.txt'],
    ['wc -l a.txt', 'count the lines in a.txt'],
    ['count src', 'count what is in src'],
    ['fetch https://example.com/a_(b).', 'fetch https://example.com/a_(b)'],
    ['GET https://example.com/x?a=1,2&b=(c)!', 'fetch https://example.com/x?a=1,2&b=(c)'],
    ['download <https://example.com/a>, please', 'fetch https://example.com/a'],
    ['open http://localhost:8080/x', 'fetch http://localhost:8080/x'],
    ['visit example.com', 'fetch https://example.com'],
    ['fetch "https://example.com/a b"', 'fetch https://example.com/a b'],
    ['fetch http://[::1]:3000/', 'fetch http://[::1]:3000/'],
    ['https://example.com', 'fetch https://example.com'],
    ['wait 5 seconds', 'wait 5 seconds'],
    ['wait for 500ms', 'wait 0.5 seconds'],
    ['sleep 1m30s', 'wait 90 seconds'],
    ['pause for two minutes', 'wait 120 seconds'],
    ['wait 1 minute and 30 seconds', 'wait 90 seconds'],
    ['wait half a minute', 'wait 30 seconds'],
    ['wait twenty five seconds', 'wait 25 seconds'],
    ['wait a second', 'wait 1 second'],
    ['use the wait tool for 3 seconds', 'wait 3 seconds'],
    ['calculate 2 + 3 * (4 - 1)', 'calculate 2 + 3 * (4 - 1)'],
    ['What is 2 + 3 * (4 - 1)?', 'calculate 2 + 3 * (4 - 1)'],
    ["what's 15% of 80?", 'calculate 15% of 80'],
    ['tell me what 12 * 12 is', 'calculate 12 * 12'],
    ['how much is 6 times 7 =', 'calculate 6 times 7'],
    ['2+2', 'calculate 2+2'],
    ['what is 1/0', 'calculate 1/0'],
    ['compute 2 $ 3', 'calculate 2 $ 3'],
    ['what is the square root of 16?', 'calculate square root of 16'],
    ['say hello', 'say <hello>'],
    ['echo "a and then list files"', 'say <a and then list files>'],
    ['repeat after me: I am a demo', 'say <I am a demo>'],
    ['count to 100', 'count from 1 to 100'],
    ['count slowly from five down to one', 'count from 5 to 1 slowly'],
    ['count to two hundred', 'count from 1 to 200'],
    ['write me a very long story', 'write about 2000 words'],
    ['stream 1000 words slowly', 'write about 1000 words slowly'],
    ['tell me a story', 'write about 300 words'],
    ['hello', 'say what I can do'],
    ['Hi! What can you do?', 'say what I can do'],
    ['who are you?', 'say what I can do'],
    ['thank you!', 'say thanks'],
  ])('%s', (message, expected) => {
    expect(steps(message)).toEqual([expected])
    expect(parseProgram(message).problems).toEqual([])
  })
})

describe('several commands', () => {
  it.each([
    [
      'List the files. Then read README.md and count the words in it',
      [`list the files in ${root}`, 'read README.md & count the words in README.md'],
    ],
    [
      'First list the files, then read README.md, and finally count to 10.',
      [`list the files in ${root}`, 'read README.md', 'count from 1 to 10'],
    ],
    ['list src and docs', ['list the files in src & list the files in docs']],
    ['read a.txt, b.txt and c.txt', ['read a.txt & read b.txt & read c.txt']],
    ['read README and LICENSE', ['read README & read LICENSE']],
    ['read a.txt, then b.txt', ['read a.txt', 'read b.txt']],
    ['find "foo" and "bar" in src', ['search for "foo" in src & search for "bar" in src']],
    ['find TODO in src and in docs', ['search for "TODO" in src & search for "TODO" in docs']],
    [
      'count lines in a.txt and words in b.txt',
      ['count the lines in a.txt & count the words in b.txt'],
    ],
    ['calculate max(1, 2), 3*3 and 10/4', ['calculate max(1, 2) & calculate 3*3 & calculate 10/4']],
    ['wait 2 seconds and list the files', [`wait 2 seconds & list the files in ${root}`]],
    ['say hi and wait 1 second', ['say <hi> & wait 1 second']],
    ['say hi and bye', ['say <hi and bye>']],
    [
      'read a.md and b.md, then count the words in both',
      ['read a.md & read b.md', 'count the words in a.md & count the words in b.md'],
    ],
    ['While waiting 5 seconds, list docs', ['wait 5 seconds & list the files in docs']],
    ['wait 1s. In docs, read a.md', ['wait 1 second', 'read docs/a.md']],
    ['list src | wc -l', ['list the files in src', 'count the lines in src']],
    ['list the files in src then count them', ['list the files in src', 'count the files in src']],
    [
      'wait 1s\nthen read a.md; list docs',
      ['wait 1 second', 'read a.md', 'list the files in docs'],
    ],
    [
      '1. list files\n2. read "a b.md"\n\n- wait 1s',
      [`list the files in ${root}`, 'read a b.md', 'wait 1 second'],
    ],
    [
      'Do the following: list files, read README.md',
      [`list the files in ${root} & read README.md`],
    ],
    [
      'Read README.md, count its lines, and search it for "install"',
      ['read README.md & count the lines in README.md & search for "install" in README.md'],
    ],
    [
      'count the lines in a.ts and, at the same time, search for "x" in src, then wait 3s, then calculate 7*6',
      ['count the lines in a.ts & search for "x" in src', 'wait 3 seconds', 'calculate 7*6'],
    ],
    ['Hello, please list the files.', [`list the files in ${root}`]],
    [
      'LIST FILES IN SRC AND READ A.MD THEN WAIT 1 SECOND',
      ['list the files in SRC & read A.MD', 'wait 1 second'],
    ],
  ])('%s', (message, expected) => {
    expect(steps(message)).toEqual(expected)
    expect(parseProgram(message).problems).toEqual([])
  })
})

describe('what is not understood', () => {
  it.each([
    ['translate this to French', [], 'I did not understand "translate this to French".'],
    ['what is the capital of France?', [], '"what is the capital of France"'],
    ["don't read README.md", [], '"don\'t read README.md"'],
    ["list files but don't read them", [`list the files in ${root}`], '"don\'t read them"'],
    ['list files and dance', [`list the files in ${root}`], '"dance"'],
    ['read README.md and dance', ['read README.md'], '"dance"'],
    ['dance, then wait 1s', ['wait 1 second'], '"dance"'],
    ['my boss wants you to list docs', ['list the files in docs'], '"my boss wants you to"'],
    ['read the first 10 lines of a.md', ['read a.md'], '"10", "lines"'],
    ['list all .ts files in src', ['list the files in src'], '".ts"'],
    ['read', [], 'Which file should I read?'],
    ['read it', [], 'I do not know what "it" stands for'],
    ['read my shopping notes', [], '"read my shopping notes"'],
    ['fetch the news', [], 'I need a URL to fetch'],
    ['wait', [], 'How long should I wait?'],
    ['wait 2 hours', [], 'up to 10 minutes'],
    ['search', [], 'What should I search for?'],
    ['search for "" in src', [], 'What should I search for?'],
    ['count words', [], 'In which file should I count the words?'],
    [
      'fetch https://a.test and count the words in it',
      ['fetch https://a.test'],
      'files and folders only',
    ],
    ['search for "x" in https://a.test', [], 'files and folders only'],
    ['list https://a.test', [], 'I can list folders'],
    ['say', [], 'What should I say?'],
    ['count to 1000000', ['count from 1 to 10000'], 'at most 10000'],
    ['count to 1.5', [], 'whole numbers'],
    ['write 9999 words', ['write about 5000 words'], 'at most 5000'],
    ['write a story about dragons', ['write about 300 words'], 'cannot choose'],
    ['in docs, wait 1s', ['wait 1 second'], '"in docs"'],
    ['in docs', [], '"in docs"'],
    ['.', [], '"."'],
    ['"', [], '"""'],
  ])('%s', (message, expected, problem) => {
    const program = parseProgram(message)
    expect(steps(message)).toEqual(expected)
    expect(program.problems.join(' ')).toContain(problem)
  })

  it('says what is too much, and leaves it out', () => {
    const many = parseProgram('list files then '.repeat(30))
    expect([many.steps.length, many.problems]).toEqual([20, ['I do at most 20 steps.']])
    const wide = parseProgram(`read ${Array.from({ length: 30 }, (_, n) => `${n}.txt`).join(', ')}`)
    expect([wide.steps[0]!.length, wide.problems.length]).toEqual([12, 1])
    const odd = parseProgram(Array.from({ length: 30 }, (_, n) => `odd${n}.`).join(' '))
    expect(odd.problems.slice(4)).toEqual([
      'I did not understand "odd4".',
      'There is more that I did not understand (25 parts).',
    ])
    expect(parseProgram('x'.repeat(5_000)).problems[0]).toContain('first 4000 characters')
  })

  it('finds nothing to do in an empty message', () => {
    expect(['', ' ', '?', 'and then', '\n'].map(parseProgram)).toEqual(
      Array.from({ length: 5 }, () => ({ steps: [], problems: [] })),
    )
  })
})

const vocabulary =
  'list files read README.md src/a.ts search for "x y" in count lines words fetch https://a.test/b wait 5 seconds calculate 2 + ( 3 ) say to 10 write long story and then , . ; it them please finally " \' \n don\'t the of . .. help 1. - all recursively with slowly ms /etc/passwd'.split(
    ' ',
  )

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.constantFrom(...vocabulary), { maxLength: 40 }).map((words) => words.join(' ')),
    fc.array(fc.constantFrom(...vocabulary), { maxLength: 20 }).map((words) => words.join('')),
  )

  it('gives a bounded program whose tool calls are valid for the real tools', async () => {
    const tools = createDemoTools({ root: '/nowhere' })
    const isValid = async (command: Command): Promise<boolean> => {
      if (!isToolCommand(command)) return true
      const { toolName, input } = toolRequest(command)
      const schema = asSchema(tools[toolName as keyof typeof tools].inputSchema as never)
      return (await schema.validate!(input)).success
    }
    await fc.assert(
      fc.asyncProperty(text, async (message) => {
        const { steps } = parseProgram(message)
        expect(steps.length).toBeLessThanOrEqual(20)
        expect(steps.every((step) => step.length > 0 && step.length <= 12)).toBe(true)
        const valid = await Promise.all(steps.flat().map(isValid))
        expect(valid).not.toContain(false)
        expect(steps.flat().map(describeCommand)).not.toContain('')
      }),
      { numRuns: 1_500 },
    )
  })

  it('gives the same program each time', () => {
    fc.assert(
      fc.property(text, (message) => {
        expect(parseProgram(message)).toEqual(parseProgram(message))
      }),
    )
  })

  it('takes a quoted path as it is, whatever is in it', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((value) => value.trim() !== '' && !/["\n]/.test(value) && !value.includes('://'))
      .filter((value) => !/^(?:www\.|localhost|\d+\.\d+\.\d+\.\d+|\[)|\.[a-z]{2,}/i.test(value))
    fc.assert(
      fc.property(path, (value) => {
        expect(parseProgram(`read "${value}" and then count the lines in "${value}".`)).toEqual({
          steps: [
            [{ verb: 'read', path: value }],
            [{ verb: 'count', path: value, units: ['lines'] }],
          ],
          problems: [],
        })
      }),
    )
  })

  it('takes a quoted text as what is searched for, whatever words are in it', () => {
    const query = fc
      .array(fc.constantFrom(...vocabulary.filter((word) => !/["\n]/.test(word))), { minLength: 1 })
      .map((words) => words.join(' '))
    fc.assert(
      fc.property(query, (value) => {
        expect(parseProgram(`search for "${value}" in docs, then wait 1s`)).toEqual({
          steps: [
            [{ verb: 'search', query: value.trim().slice(0, 500), path: 'docs' }],
            [{ verb: 'wait', seconds: 1 }],
          ],
          problems: [],
        })
      }),
    )
  })

  it('takes any URL as it is, up to the punctuation behind it', () => {
    const url = fc
      .webUrl({ withFragments: true, withQueryParameters: true })
      .filter((value) => !/[.,;:!?…)\]}>'"`]$/.test(value) && !/["`]/.test(value))
    fc.assert(
      fc.property(
        url,
        fc.constantFrom('', '.', '?', '!', ', please', ' and then wait 1s'),
        (value, end) => {
          expect(parseProgram(`fetch ${value}${end}`).steps[0]).toEqual([
            { verb: 'fetch', url: value },
          ])
        },
      ),
    )
  })

  it('keeps the order and the grouping of commands that are joined', () => {
    const command = fc.constantFrom(
      ['list files in src', 'list the files in src'],
      ['read "a b.md"', 'read a b.md'],
      ['search for "x and y" in docs', 'search for "x and y" in docs'],
      ['count the lines in a.ts', 'count the lines in a.ts'],
      ['fetch https://a.test/x', 'fetch https://a.test/x'],
      ['wait 5 seconds', 'wait 5 seconds'],
      ['calculate 2 + 2', 'calculate 2 + 2'],
      ['say "then"', 'say <then>'],
    )
    const joiner = fc.constantFrom(
      ...[' and ', ', ', ', and ', ' & ', ', and at the same time '].map((text) => ({
        text,
        isNew: false,
      })),
      ...[' then ', ', then ', '. Then ', '; ', '. ', '\n', ' and then ', ', and finally '].map(
        (text) => ({ text, isNew: true }),
      ),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(command, joiner), { minLength: 1, maxLength: 10 }), (items) => {
        const groups: string[][] = [[]]
        let message = ''
        for (const [index, [[text, told], { text: between, isNew }]] of items.entries()) {
          groups.at(-1)!.push(told!)
          message += text
          if (index === items.length - 1) break
          message += between
          if (isNew) groups.push([])
        }
        expect(steps(message)).toEqual(groups.map((group) => group.join(' & ')))
      }),
      { numRuns: 300 },
    )
  })
})
