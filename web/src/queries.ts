/** What was asked of the server and is not followed live: prompts, steps, the overview. */
import { QueryClient } from '@tanstack/react-query'
import { OutlastError } from 'outlast/client'

const MOST_RETRIES = 2

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // What the server refused it refuses again; only what did not get through is tried again.
      retry: (count, error) =>
        count < MOST_RETRIES && !(error instanceof OutlastError && !error.retryable),
    },
  },
})
