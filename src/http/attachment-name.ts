/** The header that has a browser save an answer, under a name that is safe on every system. */

/** @param title - anything; what no file system takes is left out */
export const attachmentName = (title: string, extension: string): string => {
  const name = Array.from(title.replace(/[\p{C}/\\:*?"<>|]+/gu, ' '))
    .slice(0, 80)
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '')
  const whole = `${name === '' || RESERVED.test(name) ? `chat ${name}`.trim() : name}.${extension}`
  const plain = whole.replace(/[^\x20-\x7E]/g, '_')
  const encoded = encodeURIComponent(whole).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** Names of devices on Windows, whatever follows them. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
