/** The problem that an answer is. */
import { expect } from 'vitest'
import { PROBLEM_TYPE, type Problem } from '../../src/protocol/problem.ts'

export const errorOf = async (response: Response): Promise<Problem> => {
  expect(response.headers.get('content-type')).toBe(PROBLEM_TYPE)
  return (await response.json()) as Problem
}
