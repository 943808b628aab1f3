/** An issuer of JWTs that publishes its keys on a local HTTP server. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose'

export const ISSUER = 'https://id.example'
export const AUDIENCE = 'chat'

export type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

export const makeKeys = (alg = 'RS256'): Promise<KeyPair> =>
  generateKeyPair(alg, { extractable: true })

export const published = async ({ publicKey }: KeyPair, more: JWK): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  ...more,
})

/** A right one, unless something else is said. */
export const claimsWith = (changes: JWTPayload = {}): JWTPayload => {
  const now = Math.floor(Date.now() / 1000)
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ann', exp: now + 300, iat: now, ...changes }
}

export const sign = (
  key: CryptoKey | Uint8Array,
  claims: JWTPayload = claimsWith(),
  header: { alg?: string; kid?: string } = {},
): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(key)

export const requestWith = (token: string | undefined, scheme = 'Bearer'): Request =>
  new Request('http://localhost/ai-chat/c1/messages', {
    headers: token === undefined ? {} : { authorization: `${scheme} ${token}` },
  })

export type Issuer = AsyncDisposable & {
  readonly jwksUrl: string
  /** How often somebody asked for the keys. */
  readonly asked: number
  /** What it answers from now on. */
  answer(status: number, body: unknown): void
}

export const serveKeys = async (...keys: JWK[]): Promise<Issuer> => {
  let asked = 0
  let answer = { status: 200, body: { keys } as unknown }
  const server = createServer((_request, response) => {
    asked += 1
    const { status, body } = answer
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get asked() {
      return asked
    },
    answer: (status, body) => void (answer = { status, body }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
