/** Decides where a fetch may connect to: public unicast addresses, or a host that the operator has named. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { ConfigError, ToolFailedError } from '../../domain/errors.ts'

/** All addresses of a host name; the fetch connects to these and to no others. */
export type Resolve = (hostname: string) => Promise<string[]>

/** True for an address that belongs to the public internet and embeds no other address. */
export const isPublicAddress = (address: string): boolean => {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // 2000::/3 is all that is assigned: the rest holds IPv4-compatible and other forms that smuggle an address.
  return parsed.kind() === 'ipv4' || (parsed.toByteArray()[0]! & 0xe0) === 0x20
}

/** Parses the operator's list into a test; an entry is `host` or `host:port`, nothing else. */
export const parseAllowedHosts = (entries: readonly string[]): ((url: URL) => boolean) => {
  const allowed = new Set(entries.map(normalHost))
  return (url) => allowed.has(url.hostname) || allowed.has(`${url.hostname}:${portOf(url)}`)
}

/** The addresses to connect to, or a refusal; a name with a single private address is refused whole. */
export const checkedAddresses = async ({
  url,
  resolve,
  isAllowed,
}: {
  url: URL
  resolve: Resolve
  isAllowed: boolean
}): Promise<string[]> => {
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const addresses = isIP(literal) > 0 ? [literal] : await resolve(url.hostname)
  if (addresses.length === 0) throw new ToolFailedError(`The host ${url.hostname} has no address.`)
  if (!isAllowed && !addresses.every(isPublicAddress)) {
    throw new ToolFailedError(
      `${url.host} is not on the public internet (its address is private, local or reserved), so it is not fetched. The operator can allow this host.`,
    )
  }
  return addresses
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80')

const normalHost = (entry: string): string => {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:/?#@\s]+)(?::(\d{1,5}))?$/.exec(entry.trim()) ?? []
  const url = URL.parse(`http://${host}/`)
  if (url === null || host === '') {
    throw new ConfigError(
      `"${entry}" is not a host: write names such as intranet.example or 127.0.0.1:8080.`,
    )
  }
  return port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`
}
