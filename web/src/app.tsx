/** What all pages stand on: the client, the theme, the strings, the cache of what was asked, and the routes. */
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { OutlastProvider } from 'outlast/react'
import { I18nextProvider } from 'react-i18next'
import { client } from './client.ts'
import { queries } from './queries.ts'
import { router } from './routes.tsx'
import { SessionGate } from './session/session-gate.tsx'
import { strings } from './strings/strings.ts'
import { theme } from './theme/theme.ts'

export const App = () => (
  // Its style elements are made by the build: see theme-css.ts.
  <MantineProvider
    theme={theme}
    defaultColorScheme="auto"
    withCssVariables={false}
    withGlobalClasses={false}
  >
    <I18nextProvider i18n={strings}>
      <QueryClientProvider client={queries}>
        <OutlastProvider client={client}>
          <SessionGate>
            <RouterProvider router={router} />
          </SessionGate>
          <Notifications position="top-right" />
        </OutlastProvider>
      </QueryClientProvider>
    </I18nextProvider>
  </MantineProvider>
)
