/** Certificates of an authority that nobody trusts unless told to, made for one test and good for one day. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type Certificates = {
  /** Files in PEM: of the authority, and of a server on 127.0.0.1 that it vouches for. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const run = promisify(execFile)

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** @param folder - where they are written */
export const makeCertificates = async (folder: string): Promise<Certificates> => {
  const file = (name: string) => join(folder, name)
  const [ca, certificate, key] = [file('ca.pem'), file('server.pem'), file('server.key')]
  const make = (name: string, ...more: readonly string[]) =>
    run('openssl', ['req', '-x509', ...NEW_KEY, '-days', '1', '-subj', `/CN=${name}`, ...more])
  await make('Authority of a test', '-keyout', file('ca.key'), '-out', ca)
  await make(
    '127.0.0.1',
    ...['-keyout', key, '-out', certificate, '-CA', ca, '-CAkey', file('ca.key')],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'],
  )
  return { ca, certificate, key }
}
