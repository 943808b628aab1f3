import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { connect, openAccount, startHttpProgram, stdioServer } from './support.ts'

/** A server that is no good. */
const listen = async (answer: RequestListener) => {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp?key=hidden-in-url`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const headers = { authorization: 'Bearer hidden-in-header' }

it('a program gets PATH, HOME and what the configuration has, and nothing else of ours', async () => {
  await using account = await openAccount()
  await using use = await connect({ it: stdioServer(account, { TOKEN: 'its own' }) })
  const { modelOutput } = await use.call('it_environment')
  const environment = JSON.parse((modelOutput as { value: string }).value) as object
  const names = Object.keys(environment).filter((name) => name !== '__CF_USER_TEXT_ENCODING')
  expect(names.toSorted()).toEqual(['GATE', 'HOME', 'LOG', 'PATH', 'TOKEN'])
})

it('a program that died is started again by the next call', async () => {
  await using account = await openAccount()
  await using use = await connect({ it: stdioServer(account) })
  await expect(use.call('it_die')).rejects.toThrow('unknown')
  expect(await use.call('it_echo', { text: 'back' })).toMatchObject({
    modelOutput: { value: 'back' },
  })
  await account.has('started', true, 2)
})

it('a program that cannot start is not tried again at once, and each attempt is reported', async () => {
  await using account = await openAccount()
  await using use = await connect({ it: stdioServer(account, { EXIT: '1' }) })
  expect(await use.names()).toEqual([])
  expect(await use.names()).toEqual([])
  await expect(use.call('it_echo', { text: 'Hi' })).rejects.toThrow(
    'The tool "it_echo" is not there at the moment: its MCP server is down, or does not have it any more. The call was not made.',
  )
  await account.has('started')
  expect(use.errors).toEqual([
    'The MCP server "it" cannot be used: it does not answer as an MCP server does.',
  ])
})

it('programs end with their owner', async () => {
  await using account = await openAccount()
  const use = await connect({ it: stdioServer(account) })
  await use.names()
  const { pid } = await account.has('started')
  expect(process.kill(pid, 0)).toBe(true)
  await use.mcp.close()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await expect(use.call('it_echo', { text: 'Hi' })).rejects.toThrow('was closed')
})

it('a server that is down at the start has its tools as soon as it is up', async () => {
  await using account = await openAccount()
  await using program = await startHttpProgram(account)
  await program.kill()
  await using use = await connect({ it: { url: program.url } })
  expect(await use.names()).toEqual([])
  expect(use.errors).toEqual(['The MCP server "it" cannot be used: the connection is refused.'])
  await program.start()
  await expect.poll(() => use.names()).toContain('it_echo')
})

it('a server that was started again is connected to again, and the call is made once', async () => {
  await using account = await openAccount()
  await using program = await startHttpProgram(account)
  await using use = await connect({ it: { url: program.url, headers } }, { refreshMs: 60_000 })
  expect(await use.names()).toContain('it_echo')
  await program.kill()
  await expect(use.call('it_echo', { text: 'Hi' })).rejects.toThrow(
    /"it" cannot be used: .* The call was not made|unknown/,
  )
  await program.start()
  await account.openGate()
  expect((await use.call('it_act')).modelOutput).toEqual({ type: 'text', value: 'acted' })
  await account.has('did', 'act')
  const authorizations = (await account.entries()).filter((entry) => entry['method'])
  expect(new Set(authorizations.map((entry) => entry['authorization']))).toEqual(
    new Set([headers.authorization]),
  )
})

it('a tool that its server no longer has is answered as such', async () => {
  await using account = await openAccount()
  await using program = await startHttpProgram(account)
  await using use = await connect({ it: { url: program.url } })
  expect(await use.names()).toContain('it_echo')
  await program.kill()
  await program.start({ ONLY: 'fail' })
  expect(await use.names()).toEqual(['it_fail'])
  await expect(use.call('it_echo')).rejects.toThrow(
    'does not have it any more. The call was not made.',
  )
})

it('a redirect leads nowhere, and neither headers nor address are told to anybody', async () => {
  let asked = 0
  await using elsewhere = await listen((_request, response) => {
    asked++
    response.end()
  })
  await using server = await listen((_request, response) => {
    response.writeHead(307, { location: elsewhere.url }).end()
  })
  await using use = await connect({ it: { url: server.url, headers } })
  expect(await use.names()).toEqual([])
  expect(asked).toBe(0)
  expect(use.errors).toEqual([
    'The MCP server "it" cannot be used: it does not answer as an MCP server does.',
  ])
})

it.each<[string, RequestListener]>([
  [
    'refuses us',
    (request, response) => response.writeHead(401).end(JSON.stringify(request.headers)),
  ],
  [
    'breaks down',
    (request, response) => response.writeHead(500).end(JSON.stringify(request.headers)),
  ],
  ['talks about something else', (_request, response) => response.end('<html>')],
  [
    'sends an answer that is none',
    (_request, response) =>
      response.setHeader('content-type', 'application/json').end('{"jsonrpc":'),
  ],
  [
    'ends its stream without an answer',
    (_request, response) => response.setHeader('content-type', 'text/event-stream').end(': hm\n\n'),
  ],
  ['never answers', () => undefined],
])('a server that %s gives no tools, and the report has no secrets', async (_what, answer) => {
  await using server = await listen(answer)
  await using use = await connect({ it: { url: server.url, headers } }, { connectTimeoutMs: 300 })
  expect(await use.names()).toEqual([])
  expect(use.errors).toHaveLength(1)
  expect(use.errors[0]).toMatch(/^The MCP server "it" cannot be used: /)
  expect(use.errors[0]).not.toContain('hidden')
})
