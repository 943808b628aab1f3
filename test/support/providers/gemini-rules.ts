/**
 * Why the Gemini API would refuse a request, or nothing when it would not.
 *
 * The rules are those of https://ai.google.dev/gemini-api/docs/function-calling,
 * https://ai.google.dev/gemini-api/docs/thought-signatures and https://ai.google.dev/api/caching#Content.
 */
import type { Issued } from './gemini.ts'
import type { Json } from './server.ts'

type Call = { id?: string; name?: string; args?: unknown; [key: string]: unknown }

export type Part = {
  text?: string
  thought?: boolean
  thoughtSignature?: string
  functionCall?: Call
  functionResponse?: { id?: string; name?: string; response?: unknown }
  executableCode?: unknown
  codeExecutionResult?: unknown
  inlineData?: { mimeType: string; data: string }
}

type Content = { role: string; parts: Part[] }

/** Stands in for the signature of a call that was not made in this form: thought signatures, frequently asked questions. */
const SKIP = 'skip_thought_signature_validator'

export const findGeminiProblem = (
  body: Json,
  model: string,
  issued: Issued,
): string | undefined => {
  const contents = body['contents'] as Content[]
  if (!Array.isArray(contents) || contents.length === 0) return 'contents are required.'
  return (
    firstOf(contents, checkParts) ??
    firstOf(contents, (content, index) => checkOrder(content, contents[index - 1])) ??
    firstOf(contents, (content, index) => checkResponses(content, contents[index - 1])) ??
    firstOf(contents, (content, index) => checkCalls(content, contents[index + 1])) ??
    firstOf(contents, (content) => checkSignatures(content, model, issued)) ??
    checkTurn(contents)
  )
}

const firstOf = (
  contents: readonly Content[],
  check: (content: Content, index: number) => string | undefined,
): string | undefined => {
  for (const [index, content] of contents.entries()) {
    const problem = check(content, index)
    if (problem !== undefined) return `contents[${index}]: ${problem}`
  }
  return undefined
}

/** Content: a known role, and parts that say something. */
const checkParts = ({ role, parts }: Content): string | undefined => {
  if (role !== 'user' && role !== 'model') return `the role "${role}" is not supported.`
  if (parts.length === 0) return 'parts must not be empty.'
  const isEmpty = (part: Part) => part.text === '' && part.thoughtSignature === undefined
  return parts.some(isEmpty)
    ? 'required oneof field "data" must have one initialized field'
    : undefined
}

const callsOf = (content: Content | undefined): Call[] =>
  (content?.parts ?? []).flatMap(({ functionCall }) => (functionCall ? [functionCall] : []))

/** Function calling: a call comes immediately after a user turn or after a function response; the user begins. */
const checkOrder = (content: Content, previous: Content | undefined): string | undefined => {
  if (!previous) return content.role === 'user' ? undefined : 'the user begins.'
  if (content.role === 'model' && previous.role === 'model')
    return 'a model turn comes immediately after a user turn or after a function response turn.'
  const code = content.parts.filter(({ executableCode }) => executableCode !== undefined)
  const results = content.parts.filter(({ codeExecutionResult: it }) => it !== undefined)
  return code.length === results.length
    ? undefined
    : 'the number of code execution results is not equal to the number of executable codes.'
}

const checkResponses = (content: Content, previous: Content | undefined): string | undefined => {
  const responses = content.parts.flatMap(({ functionResponse: it }) => (it ? [it] : []))
  if (responses.length === 0) return undefined
  const calls = callsOf(previous)
  const matches = responses.every(({ id, name }, at) => {
    const call = calls[at]
    return call !== undefined && call.id === id && call.name === name
  })
  return matches && responses.length === calls.length
    ? undefined
    : 'the number of function response parts is not equal to the number of function call parts of the function call turn.'
}

/** Function calling: the turn after a call has its responses. */
const checkCalls = (content: Content, next: Content | undefined): string | undefined => {
  const calls = callsOf(content)
  if (calls.some(({ name }) => !/^[a-zA-Z0-9_.:-]{1,64}$/.test(String(name))))
    return 'function_call.name: invalid function name.'
  if (calls.some(({ args }) => typeof args !== 'object' || args === null))
    return 'function_call.args: must be an object.'
  const count = next?.parts.filter(({ functionResponse: it }) => it !== undefined).length ?? 0
  return count === calls.length
    ? undefined
    : 'the number of function response parts is not equal to the number of function call parts of the function call turn.'
}

/** Thought signatures: they come back as they were, on the part that they came with, to the model that made them. */
const checkSignatures = (
  { parts }: Content,
  model: string,
  { signatures }: Issued,
): string | undefined => {
  for (const { thoughtSignature: signature, functionCall } of parts) {
    if (signature === undefined) continue
    if (signature === SKIP && functionCall) continue
    const signed = signatures.get(signature)
    if (!signed || signed.model !== model) return 'Thought signature is not valid.'
    if (signed.part !== JSON.stringify(functionCall ?? null)) return 'Corrupted thought signature.'
  }
  return undefined
}

/** Thought signatures: in the current turn the first call of each step has one. */
const checkTurn = (contents: readonly Content[]): string | undefined => {
  const isQuestion = ({ role, parts }: Content) =>
    role === 'user' && parts.some(({ functionResponse }) => functionResponse === undefined)
  const turn = contents.slice(contents.findLastIndex(isQuestion))
  return firstOf(turn, ({ parts }) => {
    const first = parts.find(({ functionCall }) => functionCall !== undefined)
    return !first || first.thoughtSignature !== undefined
      ? undefined
      : 'Function call is missing a thought_signature in functionCall parts.'
  })
}
