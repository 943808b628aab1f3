/** What a `data:` URL holds. The page may not fetch one: its security policy keeps it to its own server. */

const BASE64 = /^data:[^,]*;base64,/i

/** @returns undefined when it is no `data:` URL */
export const sizeOf = (url: string): number | undefined => {
  if (!url.startsWith('data:')) return undefined
  const content = url.slice(url.indexOf(',') + 1)
  return BASE64.test(url)
    ? Math.floor((content.replace(/=+$/, '').length * 3) / 4)
    : bytesOf(url).length
}

export const bytesOf = (url: string): Uint8Array<ArrayBuffer> => {
  const content = url.slice(url.indexOf(',') + 1)
  return BASE64.test(url)
    ? Uint8Array.from(atob(content), (char) => char.charCodeAt(0))
    : new Uint8Array(new TextEncoder().encode(content))
}
