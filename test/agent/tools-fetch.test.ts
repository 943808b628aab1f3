import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFetchTool } from '../../src/agent/tools/fetch.ts'
import type { FetchToolOptions } from '../../src/agent/tools/fetch.ts'
import { checkedAddresses, isPublicAddress } from '../../src/agent/tools/public-address.ts'
import { createBarrier } from '../support/barrier.ts'
import { outputOf, refusal, toolOptions } from './support/tool-output.ts'

let server: Server
let host: string
let requests: IncomingMessage[]
let routes: Record<string, RequestListener>

const listen = async (listener: RequestListener): Promise<{ server: Server; host: string }> => {
  const started = createServer(listener)
  started.listen(0, '127.0.0.1')
  await once(started, 'listening')
  return { server: started, host: `127.0.0.1:${(started.address() as AddressInfo).port}` }
}

const close = async (started: Server): Promise<void> => {
  started.closeAllConnections()
  started.close()
  await once(started, 'close')
}

const get = async (url: string, options: FetchToolOptions = {}, abortSignal?: AbortSignal) =>
  outputOf(
    createFetchTool({ allowHosts: [host], ...options }).execute(
      { url },
      abortSignal ? { ...toolOptions, abortSignal } : toolOptions,
    ),
  )

const answer =
  (type: string | undefined, body: string | Uint8Array, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, type === undefined ? {} : { 'content-type': type })
    response.end(body)
  }

const redirect =
  (location: string, status = 302): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { location })
    response.end('moved')
  }

beforeEach(async () => {
  requests = []
  routes = {}
  ;({ server, host } = await listen((request, response) => {
    requests.push(request)
    const route = routes[request.url ?? '']
    if (route) route(request, response)
    else answer('text/plain', 'no such page', 404)(request, response)
  }))
})

afterEach(() => close(server))

describe('what a fetch gives', () => {
  it('gets text with its final URL, status and content type, and sends no credentials', async () => {
    routes['/a?b=1'] = answer('text/html; charset=utf-8', '<p>héllo')
    expect(await get(`http://${host}/a?b=1#part`)).toEqual({
      url: `http://${host}/a?b=1#part`,
      status: 200,
      contentType: 'text/html; charset=utf-8',
      text: '<p>héllo',
      truncated: false,
    })
    expect(requests.map((request) => request.method)).toEqual(['GET'])
    expect(requests[0]!.headers).not.toHaveProperty('cookie')
    expect(requests[0]!.headers).not.toHaveProperty('authorization')
  })

  it('gives the page of an error status, and an empty page without a type', async () => {
    routes['/empty'] = answer(undefined, '')
    expect(await get(`http://${host}/none`)).toMatchObject({ status: 404, text: 'no such page' })
    expect(await get(`http://${host}/empty`)).toMatchObject({ status: 200, text: '' })
  })

  it('follows redirects, relative ones too, and sends no cookie it was given', async () => {
    routes['/1'] = (_request, response) => {
      response.writeHead(301, { location: 'sub/2', 'set-cookie': 'a=b' }).end()
    }
    routes['/sub/2'] = redirect('/3', 307)
    routes['/3'] = answer('text/plain', 'there')
    expect(await get(`http://${host}/1`)).toMatchObject({ url: `http://${host}/3`, text: 'there' })
    expect(requests.map((request) => request.headers.cookie)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('stops after five redirects', async () => {
    routes['/loop'] = redirect('/loop')
    expect(await refusal(() => get(`http://${host}/loop`))).toContain('more than 5 times')
    expect(requests).toHaveLength(6)
  })

  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from([0xe9]), 'é'],
    ['text/plain; charset="windows-1252"', Buffer.from([0x80]), '€'],
    ['text/plain; charset=no-such', Buffer.from('é'), 'é'],
    ['text/plain', Buffer.from([0xff, 0xfe, 0xe9, 0]), 'é'],
    [
      'text/html',
      Buffer.from('<meta charset="iso-8859-1">\xe9', 'latin1'),
      '<meta charset="iso-8859-1">é',
    ],
    ['application/ld+json', Buffer.from('{"é":1}'), '{"é":1}'],
    ['image/svg+xml', Buffer.from('<svg/>'), '<svg/>'],
    ['APPLICATION/JSON', Buffer.from('[]'), '[]'],
  ])('decodes %s', async (type, body, text) => {
    routes['/x'] = answer(type, body)
    expect(await get(`http://${host}/x`)).toMatchObject({ text })
  })

  it('refuses other types with type and size, and nameless bytes', async () => {
    routes['/png'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': 3 }).end('abc')
    }
    routes['/bytes'] = answer(undefined, Buffer.from([1, 0, 2]))
    expect(await refusal(() => get(`http://${host}/png`))).toContain('is image/png of 3 bytes')
    expect(await refusal(() => get(`http://${host}/bytes`))).toContain('not text')
  })
})

describe('the limits of a fetch', () => {
  it('cuts a body that never ends, says so and closes the connection', async () => {
    const closed = createBarrier()
    routes['/big'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.on('close', closed.release)
      const pour = (): void => {
        while (!response.destroyed && response.write('é'.repeat(8_192)));
      }
      response.on('drain', pour)
      pour()
    }
    const { text, truncated, note } = await get(`http://${host}/big`)
    expect([text.length, truncated, note]).toEqual([
      1024 * 512,
      true,
      'Only the first 1048576 bytes are shown.',
    ])
    await closed.promise
  })

  it('counts the bytes after decompression', async () => {
    routes['/bomb'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(50 * 1024 * 1024, 'a')))
    }
    const { text, truncated } = await get(`http://${host}/bomb`)
    expect([text.length, truncated]).toEqual([1024 * 1024, true])
  })

  it('ends in time when the server never answers, never ends, or its name never resolves', async () => {
    routes['/silent'] = () => {}
    routes['/slow'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('a')
    }
    const limits = { timeoutMs: 100 }
    const resolve = () => new Promise<string[]>(() => {})
    for (const attempt of [
      () => get(`http://${host}/silent`, { limits }),
      () => get(`http://${host}/slow`, { limits }),
      () => get('http://never.test/', { limits, resolve }),
    ]) {
      expect(await refusal(attempt)).toBe('The fetch took longer than 0.1 seconds.')
    }
  })

  it('ends at once at an abort, with its reason, and the server sees it', async () => {
    const [reached, closed] = [createBarrier(), createBarrier()]
    routes['/silent'] = (_request, response) => {
      response.on('close', closed.release)
      void reached.wait()
    }
    const stop = new AbortController()
    const fetching = get(`http://${host}/silent`, {}, stop.signal)
    await reached.reached
    stop.abort({ kind: 'stop' })
    await expect(fetching).rejects.toEqual({ kind: 'stop' })
    await closed.promise
    await expect(get(`http://${host}/silent`, {}, stop.signal)).rejects.toEqual({ kind: 'stop' })
  })

  it('says why a host cannot be reached, without addresses', async () => {
    const { server: gone, host: nobody } = await listen(() => {})
    await close(gone)
    expect(await refusal(() => get(`http://${nobody}/`, { allowHosts: [nobody] }))).toBe(
      `${nobody} cannot be fetched: the connection is refused.`,
    )
    const resolve = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    expect(await refusal(() => get('http://none.test/', { resolve }))).toContain('no such host')
    routes['/cut'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 9 })
      response.write('a', () => response.destroy())
    }
    expect(await refusal(() => get(`http://${host}/cut`))).toContain('connection was closed')
  })
})

describe('where a fetch may go', () => {
  it.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,a',
    'javascript:1',
    'nonsense',
    'http://user:secret@example.com/',
    'http://user@example.com/',
  ])('refuses %s', async (url) => {
    const message = await refusal(() => get(url))
    expect(message).toMatch(/only http: and https:|password|not a URL/)
    expect(message).not.toContain('secret')
  })

  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.1',
    '240.0.0.1',
    '[::]',
    '[::1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:0:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:1::1]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[fe80::1]',
    '[fc00::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[100::1]',
    '[5f00::1]',
    '[4000::1]',
  ])('refuses http://%s/', async (address) => {
    expect(await refusal(() => get(`http://${address}/`))).toContain('not on the public internet')
  })

  it('refuses our own server unless the operator names it, with its port or without', async () => {
    routes['/'] = answer('text/plain', 'mine')
    const port = Number(host.split(':')[1])
    for (const allowHosts of [[], ['127.0.0.1:1'], ['localhost'], ['127.0.0.2']]) {
      expect(await refusal(() => get(`http://${host}/`, { allowHosts }))).toContain(
        'not on the public',
      )
    }
    expect(requests).toHaveLength(0)
    for (const allowHosts of [['127.0.0.1'], [host], [`127.1:${port}`]]) {
      expect(await get(`http://${host}/`, { allowHosts })).toMatchObject({ text: 'mine' })
    }
  })

  it('refuses a list of hosts it cannot read', () => {
    for (const entry of ['http://a.test', 'a.test/path', '', 'a b', 'user@a.test', '[::1']) {
      expect(() => createFetchTool({ allowHosts: [entry] })).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIG' }),
      )
    }
  })

  it('refuses a name with a private address, also among public ones', async () => {
    const port = host.split(':')[1]
    for (const addresses of [
      ['127.0.0.1'],
      ['::1'],
      ['93.184.215.14', '10.0.0.1'],
      ['fe80::1%eth0'],
    ]) {
      const resolve = () => Promise.resolve(addresses)
      const message = await refusal(() => get(`http://trap.test:${port}/`, { resolve }))
      expect(message).toContain('not on the public internet')
      expect(message).not.toContain('10.0.0.1')
    }
    expect(await refusal(() => get('http://a.test/', { resolve: async () => [] }))).toContain(
      'no address',
    )
    expect(requests).toHaveLength(0)
  })

  it('checks each redirect anew', async () => {
    const inner = await listen(answer('text/plain', 'private'))
    try {
      let reached = 0
      inner.server.on('connection', () => (reached += 1))
      routes['/private'] = redirect(`http://${inner.host}/`)
      routes['/file'] = redirect('file:///etc/passwd')
      routes['/login'] = redirect(`http://a:b@${host}/`)
      expect(await refusal(() => get(`http://${host}/private`))).toContain('not on the public')
      expect(await refusal(() => get(`http://${host}/file`))).toContain('only http: and https:')
      expect(await refusal(() => get(`http://${host}/login`))).toContain('password')
      expect(reached).toBe(0)
    } finally {
      await close(inner.server)
    }
  })

  it('connects to the address that was checked when the name changes its answer', async () => {
    routes['/'] = answer('text/plain', 'checked')
    const port = host.split(':')[1]
    const answers = [['127.0.0.1'], ['127.0.0.9'], ['127.0.0.9']]
    const asked: string[] = []
    const resolve = async (name: string): Promise<string[]> => {
      asked.push(name)
      return answers.shift() ?? []
    }
    const allowHosts = ['rebind.test']
    expect(await get(`http://rebind.test:${port}/`, { allowHosts, resolve })).toMatchObject({
      text: 'checked',
    })
    expect(asked).toEqual(['rebind.test'])
    expect(requests[0]!.headers.host).toBe(`rebind.test:${port}`)
  })

  it('takes the first answer of a rebinding name as the only one', async () => {
    const answers = [['93.184.215.14', '2606:2800:21f:cb07::1'], ['127.0.0.1']]
    const resolve = async (): Promise<string[]> => answers.shift() ?? []
    const url = new URL('http://rebind.test/')
    expect(await checkedAddresses({ url, resolve, isAllowed: false })).toEqual([
      '93.184.215.14',
      '2606:2800:21f:cb07::1',
    ])
    expect(answers).toHaveLength(1)
  })

  it('calls public what is public', () => {
    const publicOnes = ['8.8.8.8', '93.184.215.14', '2606:4700::1111', '2a00:1450::1']
    expect(publicOnes.filter((address) => !isPublicAddress(address))).toEqual([])
    expect(['', 'localhost', '1', '8.8.8.8.8'].filter(isPublicAddress)).toEqual([])
  })

  it('leaves no socket and no timer behind, and is marked as read-only', async () => {
    routes['/'] = answer('text/plain', 'a')
    const count = () =>
      process.getActiveResourcesInfo().filter((name) => /Timeout|TCPSocket|TLS/.test(name)).length
    await get(`http://${host}/`)
    const before = count()
    for (let n = 0; n < 5; n += 1) await get(`http://${host}/`)
    expect(count()).toBeLessThanOrEqual(before)
    expect(createFetchTool().idempotent).toBe(true)
  })
})
