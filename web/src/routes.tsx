/** The pages and their addresses. Each is loaded when it is first needed. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router'
import { BrokenPage } from './layout/broken-page.tsx'
import { NotFoundPage } from './layout/not-found-page.tsx'
import { Shell } from './layout/shell.tsx'
import { NewChat } from './chats/new-chat.tsx'
import { overviewSearch } from './overview/overview-search.ts'
import { inspectorSearch } from './runs/inspector/inspector-search.ts'
import { filterOf, runsSearch } from './runs/runs-search.ts'

const root = createRootRoute({ component: Shell })

const home = createRoute({ getParentRoute: () => root, path: '/', component: NewChat })

const chat = createRoute({
  getParentRoute: () => root,
  path: '/chats/$chatId',
  component: lazyRouteComponent(() => import('./chat/chat-page.tsx'), 'ChatPage'),
})

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: runsSearch,
  // The router hands on what else an address says.
  loaderDeps: ({ search }) => runsSearch(search),
  // "The last hour" is that before the page was asked for: a list that moves by itself cannot be read.
  loader: ({ deps }) => filterOf(deps, Date.now()),
  component: lazyRouteComponent(() => import('./runs/runs-page.tsx'), 'RunsPage'),
})

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$runId',
  validateSearch: inspectorSearch,
  component: lazyRouteComponent(
    () => import('./runs/inspector/inspector-page.tsx'),
    'InspectorPage',
  ),
})

const overview = createRoute({
  getParentRoute: () => root,
  path: '/overview',
  validateSearch: overviewSearch,
  component: lazyRouteComponent(() => import('./overview/overview-page.tsx'), 'OverviewPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([home, chat, runs, run, overview]),
  // What no page has asked for is not in its search.
  search: { strict: true },
  defaultPreload: 'intent',
  defaultErrorComponent: BrokenPage,
  defaultNotFoundComponent: NotFoundPage,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
