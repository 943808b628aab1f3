/** Starts Outlast with the server, so that what another process left behind goes on at once. */
export const register = async () => {
  if (process.env['NEXT_RUNTIME'] === 'nodejs') await import('./lib/start.ts')
}
