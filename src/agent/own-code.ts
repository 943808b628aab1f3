/** Code that an agent brings along: what it throws fails the run, in a sentence without what only its authors may read. */
import { AgentFailedError, OutlastError } from '../domain/errors.ts'

/**
 * @param what - the option whose code it is
 * @throws AgentFailedError for anything that `work` throws, with it as the cause
 */
export const ownCode = async <T>(what: string, work: () => T | PromiseLike<T>): Promise<T> => {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof OutlastError)
      throw new AgentFailedError(thrown.message, { cause: thrown })
    const name = thrown instanceof Error && /^\w{1,60}$/.test(thrown.name) ? thrown.name : 'Error'
    const sentence = `The agent failed because of an error in its own code (${name} in ${what}).`
    throw new AgentFailedError(sentence, { cause: thrown })
  }
}
