/** Files on their way to the server. One that is there becomes a part of the draft; one that is refused says why. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { client } from '../client.ts'
import type { DraftFile } from './drafts.ts'

export type Upload = {
  readonly key: number
  readonly name: string
  /** Why the server has not taken it; undefined while it is on its way. */
  readonly error: Error | undefined
}

export const useUploads = (onReady: (file: DraftFile) => void) => {
  const [uploads, setUploads] = useState<readonly Upload[]>([])
  const keys = useRef(0)
  const running = useRef(new Map<number, AbortController>())
  useEffect(() => {
    const started = running.current
    return () => {
      for (const upload of started.values()) upload.abort()
    }
  }, [])

  const remove = useCallback((key: number) => {
    running.current.get(key)?.abort()
    setUploads((all) => all.filter((upload) => upload.key !== key))
  }, [])
  const upload = useCallback(
    async (file: File) => {
      const key = keys.current++
      const abort = new AbortController()
      running.current.set(key, abort)
      setUploads((all) => [...all, { key, name: file.name, error: undefined }])
      try {
        const kept = await client.files.upload(file, { filename: file.name, signal: abort.signal })
        if (abort.signal.aborted) return
        const { url, mediaType, filename, size } = kept
        onReady({ type: 'file', url, mediaType, size, ...(filename === null ? {} : { filename }) })
        remove(key)
      } catch (thrown) {
        const error = thrown as Error
        setUploads((all) => all.map((one) => (one.key === key ? { ...one, error } : one)))
      } finally {
        running.current.delete(key)
      }
    },
    [onReady, remove],
  )
  const add = useCallback(
    (files: Iterable<File>) => {
      for (const file of files) void upload(file)
    },
    [upload],
  )
  return { uploads, add, remove, isUploading: uploads.some(({ error }) => !error) }
}
