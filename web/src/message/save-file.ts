/** Gives bytes to the person as a file; what they claim to be is never opened by this page. */

export const saveFile = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has its own hold of the file once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
