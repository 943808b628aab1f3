/** What the processes of a fleet are there for. */

/** A server takes requests and executes nothing; a worker executes runs and takes no requests; `both` is both. */
export type Role = 'both' | 'server' | 'worker'

export type Fleet = { readonly roles: readonly Role[] }

export const executesRuns = (role: Role): boolean => role !== 'server'

/** @returns the numbers of the processes that any request may go to */
export const doorsOf = ({ roles }: Fleet): number[] =>
  roles.flatMap((role, process) => (role === 'worker' ? [] : [process]))

/** @example describeFleet({ roles: ['server', 'server', 'worker'] }) // "2 servers, 1 worker" */
export const describeFleet = ({ roles }: Fleet): string =>
  [...Map.groupBy(roles, (role) => role)]
    .map(([role, { length }]) => `${length} ${NAMES[role][length === 1 ? 0 : 1]}`)
    .join(', ')

const NAMES: Record<Role, readonly [one: string, many: string]> = {
  both: ['process', 'processes'],
  server: ['server', 'servers'],
  worker: ['worker', 'workers'],
}
