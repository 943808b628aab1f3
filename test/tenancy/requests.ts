/** What can be asked with somebody's ids, read from the description that a server gives of itself. */
import { jsonPost } from '../http/serving.ts'

export type Ids = {
  readonly chatId: string
  readonly messageId: string
  readonly answerId: string
  readonly runId: string
  readonly fileId: string
  /** What the run waits for, where it does. */
  readonly approvalId: string
  readonly toolCallId: string
}

type Schema = {
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}
export type Parameter = { readonly in: 'path' | 'query' | 'header'; readonly name: string }
export type Operation = {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> }
  readonly security?: readonly Readonly<Record<string, unknown>>[]
}
export type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** How a parameter of a path, a query or a header names something; `listRuns.after` is the one of that operation alone. */
const NAMING: Readonly<Record<string, (ids: Ids) => readonly string[]>> = {
  chatId: (ids) => [ids.chatId],
  chat: (ids) => [ids.chatId],
  run: ({ runId }) => [runId, `${runId}/0-0`],
  runId: (ids) => [ids.runId],
  stepIndex: () => ['0'],
  fileId: (ids) => [ids.fileId],
  before: (ids) => [ids.messageId, ids.answerId],
  have: (ids) => [ids.messageId, ids.answerId],
  after: (ids) => ['0-0', `${ids.runId}/0-0`],
  'Last-Event-ID': (ids) => ['0-0', `${ids.runId}/0-0`],
  'listChats.after': (ids) => [`9000000000000000.${ids.chatId}`],
  'listRuns.after': (ids) => [`9000000000000000.${ids.runId}`],
}

/** Parameters and keys of bodies that name nothing which belongs to anybody. */
const HARMLESS = new Set([
  ...['limit', 'query', 'status', 'trigger', 'agent', 'filename', 'Range', 'If-None-Match'],
  ...['from', 'to', 'error', 'minCost'],
  // Each body is sent with one, and without.
  'Idempotency-Key',
  ...['decisions', 'approved', 'reason', 'output', 'errorText', 'stepIndex'],
  ...['title', 'options', 'message', 'messages', 'parts', 'role', 'type', 'text', 'mediaType'],
])

/** Keys of bodies that name something: BODIES has to use them. */
const NAMING_KEYS = new Set([
  ...['chatId', 'id', 'runId', 'runIds', 'messageId', 'url', 'approvalId', 'toolCallId'],
])

const text = (words: string) => ({ type: 'text', text: words })
const file = ({ fileId }: Ids) => ({
  type: 'file',
  mediaType: 'text/plain',
  url: `/ai-chat/files/${fileId}`,
})

const turns = (ids: Ids): readonly unknown[] => {
  const { chatId, messageId, answerId } = ids
  const said = { id: messageId, role: 'user', parts: [text('Hello')] }
  const again = { trigger: 'regenerate-message' }
  return [
    { chatId, message: { parts: [text('Hello')] } },
    { chatId, message: { id: messageId, parts: [text('Hello')] } },
    { chatId, message: { parts: [file(ids)] } },
    { chatId, messageId, message: { parts: [text('Changed')] } },
    { chatId, messageId: answerId, message: { parts: [text('Changed')] } },
    { chatId, ...again },
    { chatId, messageId, ...again },
    { chatId, messageId: answerId, ...again },
    { id: chatId, messages: [said] },
    { id: chatId, messages: [{ ...said, parts: [file(ids)] }] },
    { id: chatId, messages: [said], ...again },
    { id: chatId, messages: [said], messageId, ...again },
    { id: chatId, messages: [said], messageId: answerId, ...again },
    { id: chatId, messages: [said, { id: answerId, role: 'assistant', parts: decided(ids) }] },
  ]
}

/** The parts of an answer in which somebody has decided. */
const decided = ({ approvalId, toolCallId }: Ids) => [
  { type: 'step-start' },
  {
    type: 'tool-pay',
    toolCallId,
    state: 'approval-responded',
    input: {},
    approval: { id: approvalId, approved: true },
  },
  { type: 'tool-locate', toolCallId, state: 'output-available', input: {}, output: 'here' },
]

/** The bodies of each operation that has one. */
const BODIES: Readonly<Record<string, (ids: Ids) => readonly unknown[]>> = {
  startRun: turns,
  startRunStream: turns,
  stopRun: ({ chatId, runId }) => [{ runId }, { chatId }],
  stopRuns: ({ runId }) => [{ runIds: [runId] }],
  getLatestRun: ({ chatId }) => [{ chatId }],
  decide: ({ approvalId, toolCallId }) => [
    { decisions: [{ approvalId, approved: true }] },
    { decisions: [{ toolCallId, output: 'here' }] },
    { decisions: [{ toolCallId, errorText: 'nowhere' }] },
  ],
  createTicket: () => [{}],
  seeRun: ({ runId }) => [{ runId }],
  renameChat: () => [{ title: 'Mine' }, { title: null }],
}

export type Init = Omit<RequestInit, 'body'> & { readonly body?: string }

export type Asking = {
  /** The same for the same request with other ids. */
  readonly id: string
  readonly name: string
  readonly path: string
  readonly init: Init
}

/** Every request that the description allows with these ids; what removes something comes last. */
export const requestsOf = (api: Description, ids: Ids): Asking[] =>
  operationsOf(api)
    .toSorted((one, other) => Number(one.method === 'DELETE') - Number(other.method === 'DELETE'))
    .flatMap(({ method, path, operation }) => {
      const { operationId } = operation
      const target = fill(path, ids)
      const bodies = bodiesOf(operation, ids).map((init, index) => ({
        id: `${operationId} #${index}`,
        name: `${operationId} #${index}`,
        path: target,
        init: { ...init, method },
      }))
      const named = namings(operation, ids).map(({ name, value, inHeader }, index) => ({
        id: `${operationId} ?${index}`,
        name: `${operationId} ${name}=${value}`,
        path: inHeader ? target : `${target}?${name}=${encodeURIComponent(value)}`,
        init: { method, ...(inHeader ? { headers: { [name]: value } } : {}) },
      }))
      return [...bodies, ...named]
    })

export const operationsOf = ({ paths }: Description) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )

/** Whether a ticket in the address opens it. */
export const takesTicket = ({ security = [] }: Operation): boolean =>
  security.some((way) => 'ticket' in way)

const KEY_HEADER = 'Idempotency-Key'
/** Under which every tenant has said the first thing in each of its chats. */
export const KEY = 'shared-key'

const bodiesOf = (operation: Operation, ids: Ids): Init[] => {
  const content = operation.requestBody?.content
  if (!content) return [{}]
  if (!content['application/json'])
    return [{ headers: { 'content-type': 'text/plain' }, body: 'A file.' }]
  const bodies = BODIES[operation.operationId]!(ids).map(jsonPost)
  if (!operation.parameters?.some(({ name }) => name === KEY_HEADER)) return bodies
  return bodies.flatMap((one) => [one, { ...one, headers: { ...one.headers, [KEY_HEADER]: KEY } }])
}

/** Parameters beside the path, one at a time. */
const namings = ({ operationId, parameters = [] }: Operation, ids: Ids) =>
  parameters
    .filter((one) => one.in !== 'path' && !HARMLESS.has(one.name))
    .flatMap(({ name, in: place }) =>
      (NAMING[`${operationId}.${name}`] ?? NAMING[name]!)(ids).map((value) => ({
        name,
        value,
        inHeader: place === 'header',
      })),
    )

/** The path with each of its parameters replaced by an id. */
export const fill = (path: string, ids: Ids): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(NAMING[name]!(ids)[0]!))

/** What the walk does not know yet, each as a sentence that says what to do. */
export const unknownIn = (api: Description): string[] =>
  operationsOf(api).flatMap(({ operation }) => {
    const { operationId, parameters = [], requestBody } = operation
    const schema = requestBody?.content['application/json']?.schema
    return [
      ...parameters
        .filter(({ name }) => !HARMLESS.has(name) && !NAMING[name])
        .map(
          ({ name, in: place }) =>
            `The ${place} of ${operationId} has the parameter ${name}. Say in NAMING of test/tenancy/requests.ts ` +
            `how it names something of a tenant, or in HARMLESS that it names nothing.`,
        ),
      ...(schema && !BODIES[operationId]
        ? [
            `${operationId} takes a body. Say in BODIES of test/tenancy/requests.ts which ones name something of a tenant.`,
          ]
        : []),
      ...keysOf(api, schema)
        .filter((key) => !HARMLESS.has(key) && !NAMING_KEYS.has(key))
        .map(
          (key) =>
            `The body of ${operationId} has the key ${key}. Use it in BODIES of test/tenancy/requests.ts and add it ` +
            `to NAMING_KEYS, or say in HARMLESS that it names nothing.`,
        ),
    ]
  })

const keysOf = (api: Description, schema: Schema | undefined): string[] => {
  if (!schema) return []
  const referred = schema.$ref && api.components.schemas[schema.$ref.split('/').at(-1)!]
  const parts = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    schema.items,
    referred || undefined,
  ]
  const properties = Object.entries(schema.properties ?? {})
  return [
    ...properties.flatMap(([key, one]) => [key, ...keysOf(api, one)]),
    ...parts.flatMap((part) => keysOf(api, part)),
  ]
}
