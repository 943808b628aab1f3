/** Who is signed in, in a cookie that only this server can write. */
import { jwtVerify, SignJWT } from 'jose'
import { cookies } from 'next/headers'

/** Next loads this module more than once. Until you set it, everybody has to sign in again after a restart. */
const secret = () =>
  new TextEncoder().encode((process.env['SESSION_SECRET'] ??= crypto.randomUUID()))

export const signIn = async (name: string) => {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(name)
    .setExpirationTime('30 days')
    .sign(secret())
  ;(await cookies()).set('user', token, { httpOnly: true, sameSite: 'lax' })
}

/** Works in pages, actions and routes, and so also where Outlast asks. */
export const currentUser = async () => {
  const token = (await cookies()).get('user')?.value
  if (token === undefined) return null
  try {
    const { payload } = await jwtVerify(token, secret(), { algorithms: ['HS256'] })
    return { workspaceId: 'acme', userId: payload.sub ?? '' }
  } catch {
    return null // too old, or of another secret
  }
}
