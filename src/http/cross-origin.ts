/** Which pages of other origins may use the API. Without it: none. */
import { cors } from 'hono/cors'
import { ConfigError } from '../domain/errors.ts'
import { BOUND_HEADER, RUN_HEADER } from '../protocol/routes.ts'

export type CrossOrigin = {
  /** Exactly as browsers send them: `https://app.example`, without a path. No wildcards. */
  readonly origins: readonly string[]
}

/** Cookies are never asked for: a token is what lets a page in, and that no other page has. */
export const crossOrigin = ({ origins }: CrossOrigin) => {
  const wrong = origins.find((origin) => !isOrigin(origin))
  if (wrong !== undefined)
    throw new ConfigError(
      `${wrong} is not an origin: name each one exactly, as in https://app.example, without a path or a star.`,
    )
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposeHeaders: [...EXPOSED, RUN_HEADER, BOUND_HEADER],
    maxAge: 600,
  })
}

const EXPOSED = ['Allow', 'Retry-After', 'WWW-Authenticate', 'X-Vercel-AI-UI-Message-Stream']

/** `null` is the origin of files and sandboxes; a star is a host name to a URL. */
const isOrigin = (text: string): boolean =>
  text !== 'null' && !text.includes('*') && URL.parse(text)?.origin === text
