/** Opens Outlast, and closes it in good order; NEXT_MANUAL_SIG_HANDLE=true leaves the signal to us. */
import { getOutlast } from './outlast.ts'

const { outlast } = await getOutlast()

process.once('SIGTERM', async () => {
  await outlast.close() // a step that runs may end; what is left of a run goes on in the next process
  process.exit(0)
})
