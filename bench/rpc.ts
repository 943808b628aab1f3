/** A process of the bench and what it can be asked: calls over the channel that Node gives a forked child. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

// oxlint-disable-next-line typescript/no-explicit-any -- arguments of any function
export type Methods = { readonly [name: string]: (...args: any[]) => unknown }

type Call = { readonly id: number; readonly method: string; readonly args: readonly unknown[] }
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string }

/** What a child's methods are for its parent. */
export type Remote<M extends Methods> = {
  readonly [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>
}

export type Child<M extends Methods> = AsyncDisposable & {
  readonly call: Remote<M>
  readonly pid: number
}

/** In the child: answers its parent, and ends with it. */
export const answerParent = (methods: Methods): void => {
  process.on('message', (message) => void answer(methods, message as Call))
  process.once('disconnect', () => process.exit())
  process.send?.({ id: 0 })
}

const answer = async (methods: Methods, { id, method, args }: Call): Promise<void> => {
  try {
    process.send?.({ id, value: await methods[method]?.(...args) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
  }
}

/** In the parent: starts the file and waits until it is ready to be asked. */
export const startChild = async <M extends Methods>(
  file: URL,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<Child<M>> => {
  const child = fork(file, args, {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', ...execArgv],
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const ready = Promise.withResolvers<unknown>()
  waiting.set(0, ready)
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('message', (message) => {
    const { id, value, error } = message as Answer
    const call = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) call?.resolve(value)
    else call?.reject(new Error(error))
  })
  child.once('error', fail)
  child.once('exit', (code) => fail(new Error(`${file.pathname} ended with code ${code}.`)))
  await ready.promise
  return {
    call: remote<M>(child, waiting),
    pid: child.pid!,
    [Symbol.asyncDispose]: () => end(child),
  }
}

const remote = <M extends Methods>(
  child: ChildProcess,
  waiting: Map<number, PromiseWithResolvers<unknown>>,
): Remote<M> => {
  let last = 0
  const call = (method: string, args: readonly unknown[]) => {
    const answered = Promise.withResolvers<unknown>()
    last += 1
    waiting.set(last, answered)
    child.send({ id: last, method, args } satisfies Call)
    return answered.promise
  }
  return new Proxy({} as Remote<M>, {
    get:
      (_target, method) =>
      (...args: unknown[]) =>
        call(String(method), args),
  })
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  // Not killed: its last act may be to write a profile.
  child.disconnect()
  await exited
}
