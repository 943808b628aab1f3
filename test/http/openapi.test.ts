import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/protocol/routes.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { describedBy, type Description } from '../support/described.ts'
import { noEngine, noRecords, PRINCIPAL } from './serving.ts'

const app = createHttpApp({
  engine: noEngine,
  ...noRecords,
  authenticate: async () => PRINCIPAL,
  onError: (error) => expect.unreachable(error.message),
})
const documentOf = async (): Promise<Description> =>
  (await app.request(ROUTES.openapi)).json() as Promise<Description>

describe('the description of the API', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const { valid, errors } = await new Validator().validate({ ...(await documentOf()) })
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('has each route, under a name of its own', async () => {
    const { paths } = await documentOf()
    const described = Object.keys(paths).map((path) => path.replace(/\{(\w+)\}/g, ':$1'))
    expect(described.toSorted()).toEqual(Object.values(ROUTES).toSorted())
    const names = Object.values(paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    )
    expect(new Set(names).size).toBe(names.length)
  })

  it('says of each path which methods it takes, as the server does', async () => {
    const { paths } = await documentOf()
    for (const [path, operations] of Object.entries(paths)) {
      const response = await app.request(path.replaceAll(/\{\w+\}/g, 'x'), { method: 'PROPFIND' })
      const allow = response.headers.get('allow')?.toLowerCase().split(', ')
      expect(allow?.filter((method) => method !== 'head').toSorted()).toEqual(
        Object.keys(operations).toSorted(),
      )
    }
  })
})

describe('the check that the HTTP tests make of each answer', () => {
  const asked = { method: 'POST', url: '/ai-chat/stop' }
  const check = async (response: Response, one = asked) =>
    describedBy(await documentOf())(one, response)

  it('lets a described answer pass', async () => {
    await expect(check(Response.json({ stopped: true }))).resolves.toBeInstanceOf(Response)
  })

  it.each([
    ['a key that is not described', Response.json({ stopped: true, more: 1 })],
    ['a missing key', Response.json({})],
    ['another status', Response.json({ stopped: true }, { status: 201 })],
    ['another type', new Response('stopped')],
    [
      'a problem that the route does not name',
      new Response(
        JSON.stringify({
          type: 'about:blank',
          title: 'Gone',
          status: 404,
          detail: 'x',
          code: 'MESSAGE_NOT_FOUND',
        }),
        { status: 404, headers: { 'content-type': 'application/problem+json' } },
      ),
    ],
  ])('finds %s', async (_name, response) => {
    await expect(check(response)).rejects.toThrow('expected')
  })

  it('finds an answer of a route that nobody described', async () => {
    const found = check(Response.json({}), { method: 'GET', url: '/ai-chat/c1/x/y' })
    await expect(found).rejects.toThrow('expected')
  })
})
