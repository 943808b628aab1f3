/** The description of the API (OpenAPI 3.1), made of the routes that answer it. */
import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi'
import { problem } from '../protocol/answers.ts'
import { PROBLEM_TYPE, statusOf, type ProblemCode } from '../protocol/problem.ts'
import type { Answer, Route } from './route.ts'

/** What any request may be refused for. */
const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'NOT_AUTHENTICATED',
  'NOT_ALLOWED',
  'UNSUPPORTED_MEDIA_TYPE',
  'MISDIRECTED_REQUEST',
  'RATE_LIMITED',
  'INTERNAL_ERROR',
  'STORE_UNAVAILABLE',
  'IDENTITY_UNAVAILABLE',
]

const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  chatId: z.string().meta({ description: 'The id of the chat, as the client chose it.' }),
  runId: z.string().meta({ description: 'The id of the run.' }),
  stepIndex: z.int().meta({ description: 'The number of the step; the first one is 0.' }),
}

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer' },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description:
      'A ticket of `POST /ai-chat/tickets`, for one GET within 30 s. `Authorization` wins.',
  },
} as const

export const describeApi = (routes: readonly Route[]): ReturnType<typeof createDocument> =>
  createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Outlast',
        version: '1',
        description:
          'Starts, follows, stops, lists and keeps runs of an AI agent. PROTOCOL.md says what a stream consists of.',
      },
      security: [{ bearer: [] }],
      components: { securitySchemes: SECURITY },
      paths: pathsOf(routes),
    },
    { override: ({ jsonSchema }) => open(jsonSchema) },
  )

/** Answers may get more keys, and the pattern of a date-time says nothing that its format does not say. */
const open = (schema: { additionalProperties?: unknown; format?: string; pattern?: string }) => {
  if (schema.additionalProperties === false) delete schema.additionalProperties
  if (schema.format === 'date-time') delete schema.pattern
}

const pathsOf = (routes: readonly Route[]): ZodOpenApiPathsObject => {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of routes)
    (paths[route.path.replace(/:(\w+)/g, '{$1}')] ??= {})[route.method.toLowerCase()] =
      operationOf(route)
  return paths
}

const operationOf = (route: Route): ZodOpenApiOperationObject => ({
  operationId: route.id,
  summary: route.summary,
  ...(route.open ? { security: [] } : {}),
  ...(route.ticket ? { security: [{ bearer: [] }, { ticket: [] }] } : {}),
  requestParams: {
    ...(route.path.includes(':') ? { path: pathParameters(route.path) } : {}),
    ...(route.query ? { query: route.query } : {}),
    ...(route.headers ? { header: route.headers } : {}),
  },
  ...(route.body
    ? { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
    : {}),
  ...(route.upload
    ? { requestBody: { required: true, content: { '*/*': { schema: BINARY } } } }
    : {}),
  responses: { ...problemsOf(route), ...answersOf(route.answers) },
})

const BINARY = { type: 'string', format: 'binary' } as const

const pathParameters = (path: string): z.ZodObject =>
  z.object(
    Object.fromEntries(
      [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => [
        name,
        PATH_PARAMETERS[name] ?? z.string(),
      ]),
    ),
  )

const answersOf = (answers: Route['answers']) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, { says, ...content }]) => [
      status,
      { description: says, ...contentOf(content) },
    ]),
  )

const contentOf = ({ type, schema }: Omit<Answer, 'says'>) =>
  type === undefined && schema === undefined
    ? {}
    : { content: { [type ?? 'application/json']: { schema: schema ?? z.string() } } }

/** One answer a status, which names its codes. */
const problemsOf = (route: Route) => {
  const codes = new Set<ProblemCode>([...COMMON_PROBLEMS, ...(route.problems ?? [])])
  if (route.body) codes.add('INVALID_REQUEST').add('TOO_LARGE')
  if (route.query || route.headers || route.path.includes(':')) codes.add('INVALID_REQUEST')
  const byStatus = Map.groupBy(codes, statusOf)
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => [
      status,
      { description: own.join(', '), content: { [PROBLEM_TYPE]: { schema: problem } } },
    ]),
  )
}
