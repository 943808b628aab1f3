/** Holds answers against the description that the server gives of itself: no key, status or problem may be missing in it. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'

type Content = Readonly<Record<string, { readonly schema: object }>>
type Operation = {
  readonly operationId: string
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content }>
  >
}
export type Description = { readonly paths: Readonly<Record<string, Record<string, Operation>>> }

export type Asked = { readonly method: string; readonly url: string }
export type Check = (asked: Asked, response: Response) => Promise<Response>

/** @returns a function that fails where an answer is not described, and gives it back unread */
export const describedBy = (description: Description): Check => {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema(closed({ ...description, $id: 'api' }) as object)
  const validate = (pointer: readonly string[], value: unknown) => {
    const fits = ajv.getSchema(`api#/${pointer.map(escape).join('/')}`)!
    expect(fits(value), JSON.stringify({ errors: fits.errors, value }, null, 2)).toBe(true)
  }
  return async ({ method, url }, response) => {
    const path = findPath(description, new URL(url, 'http://localhost').pathname)
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const operation = path === undefined ? undefined : description.paths[path]?.[verb]
    if (path === undefined || operation === undefined) {
      const { code } = (await response.clone().json()) as { code: string }
      expect(['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED']).toContain(code)
      return response
    }
    const answer = operation.responses[response.status]
    const name = `${operation.operationId} ${response.status}`
    expect(answer, `${name} is not described`).toBeDefined()
    const type = response.headers.get('content-type')?.split(';')[0]
    const types = Object.keys(answer?.content ?? {})
    if (types[0] !== '*/*') expect(type === undefined ? [] : [type], name).toEqual(types)
    if (type === undefined || !type.endsWith('json') || method === 'HEAD') return response
    const body: unknown = await response.clone().json()
    validate(
      ['paths', path, verb, 'responses', String(response.status), 'content', type, 'schema'],
      body,
    )
    if (type === 'application/problem+json')
      expect(answer?.description.split(', '), name).toContain((body as { code: string }).code)
    return response
  }
}

const escape = (key: string): string =>
  encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))

/** The path whose words are those of the address, rather than one with a parameter in their place. */
const findPath = ({ paths }: Description, pathname: string): string | undefined => {
  const segments = pathname.split('/')
  return Object.keys(paths)
    .filter((path) => {
      const own = path.split('/')
      return (
        own.length === segments.length &&
        own.every((one, index) => one === segments[index] || (one[0] === '{' && segments[index]))
      )
    })
    .toSorted((one, other) => one.split('{').length - other.split('{').length)[0]
}

/** The published schemas are open for keys to come; here each key has to be described. */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => [key, closed(one)])
  const isObject = 'properties' in value && !('additionalProperties' in value)
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries)
}

let description: Promise<Description> | undefined

/** The description of the server at this address; all servers of a test file have the same. */
export const descriptionAt = (url: string): Promise<Description> =>
  (description ??= fetch(`${url}/ai-chat/openapi.json`).then(
    (response) => response.json() as Promise<Description>,
  ))
