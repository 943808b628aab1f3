/** Files that are dropped anywhere on a chat. */
import { useRef, useState, type DragEvent } from 'react'

const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes('Files')

export const useDrop = (onFiles: (files: Iterable<File>) => void) => {
  const [isOver, setIsOver] = useState(false)
  // Each element below tells of its own coming and going.
  const depth = useRef(0)
  const change = (by: 1 | -1) => (event: DragEvent) => {
    if (!hasFiles(event)) return
    depth.current += by
    setIsOver(depth.current > 0)
  }
  const handlers = {
    onDragEnter: change(1),
    onDragLeave: change(-1),
    onDragOver: (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault()
    },
    onDrop: (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      depth.current = 0
      setIsOver(false)
      onFiles(event.dataTransfer.files)
    },
  }
  return { isOver, handlers }
}
