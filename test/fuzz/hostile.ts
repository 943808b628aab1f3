/** Requests as nobody should send them: some that are nearly right, and some that no client could make. */
import fc from 'fast-check'
import { jsonPost } from '../http/serving.ts'
import {
  fill,
  operationsOf,
  requestsOf,
  takesTicket,
  type Description,
  type Ids,
  type Init,
  type Parameter,
} from '../tenancy/requests.ts'

/** What goes over a socket, byte for byte. */
export type HostileRequest = {
  readonly method: string
  /** As it stands in the request line. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** How the body is announced; `short` and `long` lie about its length. */
  readonly framing: 'none' | 'length' | 'chunked' | 'short' | 'long'
}

const deep = (open: string, close: string, depth = 20_000) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`

/** JSON texts that may stand in the place of any value. */
const VALUES = [
  ...['null', 'true', '0', '-1', '0.5', '1e999', '-0', '2147483648', '9007199254740993'],
  ...[
    '""',
    '" "',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00x"',
    '"\\r\\nset-cookie: a=b"',
  ],
  ...['"__proto__"', '"constructor"', '"toString"', '"../.."', '"' + 'x'.repeat(200_000) + '"'],
  ...['{}', '[]', '[[]]', '[null]', '{"__proto__":{"role":"user"}}', '{"id":"a","id":"b"}'],
  ...['{"constructor":{"prototype":{}}}', '{"toJSON":1,"then":1,"length":-1}', '{"":""}'],
  ...['"submit-message"', '"regenerate-message"', '"user"', '"system"', '"assistant"', '"text"'],
  ...[
    '"data:text/plain;base64,AA=="',
    '"data:text/plain;base64,"',
    '"data:,x"',
    '"file:///etc/passwd"',
  ],
  ...['"http://127.0.0.1:1/"', '"/ai-chat/files/------------------------------------"'],
  ...[deep('[', ']'), deep('{"a":', '}'), `[${'1,'.repeat(10_001)}1]`],
]

/** Texts for paths, queries and headers. */
const TEXTS = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    '99999999999999999999',
    'null',
    'undefined',
    '__proto__',
    '.',
    '..',
  ],
  ...['%00', '%2e%2e', '%2f', '%5c', '%zz', '%', '%ff%fe', '%ed%a0%80', '%0d%0aset-cookie:%20a=b'],
  ...[
    'a%00b',
    ';a=b',
    "' or 1=1 --",
    '<script>',
    'ü',
    '%F0%9F%98%80',
    'x'.repeat(129),
    'x'.repeat(5000),
  ],
  ...[
    'runs',
    'files',
    'openapi.json',
    '0-0',
    '1-1',
    '9-999999',
    '1-1.5.5.5',
    '999999999-999999999999.999999999',
  ],
  ...['9000000000000000.x', '9007199254740992.x', '0.x', 'x/0-0', '/0-0', '0-0/0-0'],
]

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  [
    'Content-Type',
    ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', '', ','],
  ],
  ['Content-Encoding', ['gzip', 'br', 'identity', 'nothing']],
  ['Idempotency-Key', ['', 'a', 'a b', 'x'.repeat(201), '"', '%00', 'shared-key']],
  ['Last-Event-ID', TEXTS.filter((text) => text.length < 1000)],
  [
    'Range',
    [
      'bytes=0-0',
      'bytes=-',
      'bytes=9-1',
      'bytes=0-999999999999999',
      'bytes=0-1,3-4',
      'x',
      'bytes=-0',
    ],
  ],
  ['If-Range', ['"x"', 'Wed, 21 Oct 2015 07:28:00 GMT']],
  ['If-None-Match', ['*', '"', 'W/"x"', '"x", "y"']],
  ['Accept', ['application/json', 'x', '*/*;q=nan']],
  ['X-HTTP-Method-Override', ['DELETE', 'GET']],
  ['X-Forwarded-For', ['127.0.0.1', 'x']],
  ['X-Original-URL', ['/ai-chat/chats']],
  ['Authorization', ['Bearer', 'Bearer x', 'Basic eDp5', 'Bearer ol_' + 'x'.repeat(43)]],
  ['Cookie', ['a=b; __proto__=c', '=']],
  ['Origin', ['null', 'https://evil.example']],
  ['Traceparent', ['00-0-0-00', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x'.repeat(3000)]],
  ['Expect', ['100-continue']],
  ['X-' + 'a'.repeat(2000), ['b'.repeat(4000)]],
]

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
]

const json = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
)

/** The body with the value at one place replaced by another JSON text. */
const mutated = (body: unknown, path: readonly string[], text: string): string => {
  const copy = { whole: structuredClone(body) }
  const keys = ['whole', ...path]
  const holder = keys.slice(0, -1).reduce<unknown>((one, key) => (one as never)[key], copy)
  ;(holder as Record<string, unknown>)[keys.at(-1)!] = HOLE
  return JSON.stringify(copy.whole).replace(`"${HOLE}"`, () => text)
}

const mutatedAt = (text: string, place: number, value: string): string => {
  const body: unknown = JSON.parse(text)
  const paths = pathsIn(body)
  return mutated(body, paths[place % paths.length]!, value)
}
const HOLE = 'the-hole'

const pathsIn = (value: unknown): string[][] => [
  [],
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => pathsIn(one).map((path) => [key, ...path]))
    : []),
]

/** Some bytes that are hardly the ones that were meant. */
const broken = (text: string, kind: number): Buffer => {
  const bytes = Buffer.from(text)
  const half = bytes.byteLength >> 1
  switch (kind) {
    case 0:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    case 1:
      return Buffer.concat([
        bytes.subarray(0, half),
        Buffer.from([0xff, 0xc0]),
        bytes.subarray(half),
      ])
    case 2:
      return bytes.subarray(0, half)
    case 3:
      return Buffer.from(text, 'utf16le')
    case 4:
      return Buffer.concat([bytes, bytes])
    default:
      return bytes
  }
}

/** Values that go wrong in more places than others. */
const SHARP = [
  ...['null', '{}', '[]', '""', '-1', '1e999', '2147483648', '9007199254740992'],
  ...['"a\\u0000b"', '"\\ud800"', '{"__proto__":{"role":"user"},"\\u0000":"\\udc00"}'],
  ...[`"${'x'.repeat(20_000)}"`, deep('[', ']'), deep('{"a":', '}')],
]

/** Each of the sharp values in each place that a body of the API has, and each of the texts in each parameter. */
export const everyPlace = (api: Description, ids: readonly Ids[]): HostileRequest[] => {
  const places = new Set<string>()
  const isNew = (place: string) => places.size < places.add(place).size
  return ids.flatMap((own) => [
    ...[...requestsOf(api, own), ...more(own)].flatMap(({ path, init }) => {
      if (!init.body?.startsWith('{')) return []
      const body: unknown = JSON.parse(init.body)
      return pathsIn(body)
        .filter((keys) => isNew(`${init.method} ${path} ${keys.join('.')}`))
        .flatMap((keys) =>
          SHARP.map((value) => plain(init.method!, path, Buffer.from(mutated(body, keys, value)))),
        )
    }),
    ...operationsOf(api).flatMap(({ method, path, operation }) =>
      [...(operation.parameters ?? []), ...(takesTicket(operation) ? [TICKET] : [])]
        .filter((one) => isNew(`${operation.operationId} ${one.in} ${one.name}`))
        .flatMap((one) => TEXTS.map((text) => withParameter({ method, path }, own, one, text))),
    ),
  ])
}

const TICKET: Parameter = { in: 'query', name: 'ticket' }

const plain = (method: string, target: string, body = Buffer.alloc(0)): HostileRequest => ({
  method,
  target,
  headers: [JSON_TYPE],
  body,
  framing: 'length',
})

const withParameter = (
  { method, path }: { readonly method: string; readonly path: string },
  own: Ids,
  { in: place, name }: Parameter,
  text: string,
): HostileRequest => {
  const target = fill(place === 'path' ? path.replace(`{${name}}`, () => text) : path, own)
  const body = Buffer.from(method === 'GET' ? '' : 'A file.')
  const request = plain(method, place === 'query' ? `${target}?${name}=${text}` : target, body)
  return place === 'header' ? { ...request, headers: [[name, text]] } : request
}

/** @param ids - what there is for the one who asks */
export const hostileRequest = (
  api: Description,
  ids: readonly Ids[],
): fc.Arbitrary<HostileRequest> => {
  const operations = operationsOf(api)
  const places = operations.flatMap(({ path }) => path)
  const requests = ids.flatMap((own) => [...requestsOf(api, own), ...more(own)])
  const target = fc
    .record({
      pattern: fc.constantFrom(...places),
      texts: fc.array(fc.constantFrom(...TEXTS), { minLength: 2, maxLength: 2 }),
      real: fc.constantFrom(...requests.map(({ path }) => path)),
      isReal: fc.boolean(),
      query: fc.array(
        fc.tuple(
          fc.constantFrom(
            ...['limit', 'after', 'before', 'have', 'query', 'status', 'trigger', 'agent', 'chat'],
            ...['filename', 'ticket', '__proto__', 'limit[]', 'after%00'],
          ),
          fc.constantFrom(...TEXTS),
        ),
        { maxLength: 3 },
      ),
      trick: fc.nat({ max: 30 }),
    })
    .map(({ pattern, texts, real, isReal, query, trick }) => {
      const [first = '', second = ''] = texts
      const filled = pattern.replace(/\{\w+\}/, first).replace(/\{\w+\}/, second)
      const path = tricked(isReal ? real : filled, trick)
      const search = query.map(([name, value]) => `${name}=${value}`).join('&')
      return search === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${search}`
    })
  const body = fc
    .record({
      text: fc.constantFrom(...requests.map(({ init }) => init.body ?? '{}')),
      place: fc.nat({ max: 40 }),
      value: json,
      kind: fc.nat({ max: 30 }),
    })
    .map(({ text, place, value, kind }) => {
      if (!text.startsWith('{')) return Buffer.from(value)
      return broken(kind < 12 ? text : mutatedAt(text, place, value), kind)
    })
  const header = fc
    .constantFrom(...HEADERS)
    .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values)))
  const sensible = fc.constantFrom(...requests).chain(({ path, init }) =>
    fc.record({
      method: fc.constant(init.method!),
      target: fc.constant(path),
      headers: fc
        .array(header, { maxLength: 2 })
        .map((some) => [...typeOf(init), ...some] as [string, string][]),
      body: init.body === undefined ? fc.constant(Buffer.alloc(0)) : bodyLike(init.body),
      framing: fc.constantFrom('length', 'length', 'chunked'),
    }),
  )
  const wild = fc.record({
    method: fc.constantFrom(...METHODS),
    target,
    headers: fc
      .tuple(fc.boolean(), fc.array(header, { maxLength: 4 }))
      .map(([typed, some]) => [...(typed ? [JSON_TYPE] : []), ...some] as [string, string][]),
    body,
    framing: fc.constantFrom('none', 'length', 'length', 'chunked', 'short', 'long'),
  })
  return fc
    .oneof(
      { weight: 3, arbitrary: sensible as fc.Arbitrary<HostileRequest> },
      { weight: 2, arbitrary: wild as fc.Arbitrary<HostileRequest> },
    )
    .map((request) => ({ ...request, [fc.toStringMethod]: () => inShort(request) }))
}

const inShort = ({ body, ...request }: HostileRequest): string =>
  JSON.stringify({ ...request, body: body.toString('latin1') }).slice(0, 2000)

/** Turns with all that a body may have: a file of its own, and options. */
const more = ({ chatId }: Ids): readonly { path: string; init: Init }[] => {
  const url = `data:text/plain;base64,${Buffer.alloc(70_000).toString('base64')}`
  const file = { type: 'file', mediaType: 'text/plain', filename: 'a.txt', url }
  const text = { type: 'text', text: 'Hello' }
  const bodies = [
    { chatId: `${chatId}-more`, message: { parts: [text, file] } },
    {
      chatId: `${chatId}-more`,
      agent: 'a',
      options: { a: { b: 'c' } },
      message: { parts: [text] },
    },
  ]
  return bodies.map((body) => ({ path: '/ai-chat', init: jsonPost(body) }))
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const

const typeOf = ({ headers }: Init) => Object.entries((headers ?? {}) as Record<string, string>)

/** The body, or one that differs from it in one place. */
const bodyLike = (text: string): fc.Arbitrary<Buffer> =>
  fc
    .record({ place: fc.nat({ max: 40 }), value: json, kind: fc.nat({ max: 40 }) })
    .map(({ place, value, kind }) => {
      if (!text.startsWith('{')) return broken(text, kind)
      return broken(kind < 10 ? text : mutatedAt(text, place, value), kind)
    })

const tricked = (path: string, trick: number): string => {
  switch (trick) {
    case 0:
      return path.replace('/ai-chat', '/ai-chat/%2e%2e/ai-chat')
    case 1:
      return path.replaceAll('/', '//')
    case 2:
      return `http://evil.example${path}`
    case 3:
      return `${path}/`
    case 4:
      return path.replace('/ai-chat', '/ai-chat/./../AI-CHAT')
    case 5:
      return `${path}#${path}`
    case 6:
      return path.replaceAll('a', '%61')
    case 7:
      return `${path}/${'x'.repeat(8000)}`
    case 8:
      return path.slice(1)
    case 9:
      return path.replaceAll('/', '\\')
    default:
      return path
  }
}
