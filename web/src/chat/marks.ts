/** Marks words in what is shown without changing the document, as the browser's own search does. */

const NAME = 'found'
const MOST = 500

/** @returns where the first one is; undefined where the words are not shown */
export const markWords = (element: Element, words: string): Range | undefined => {
  const ranges = rangesOf(element, words)
  CSS.highlights.set(NAME, new Highlight(...ranges))
  return ranges[0]
}

export const unmark = (): void => void CSS.highlights.delete(NAME)

const rangesOf = (element: Element, words: string): Range[] => {
  const ranges: Range[] = []
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  while (texts.nextNode() && ranges.length < MOST) {
    const node = texts.currentNode as Text
    const text = node.data.toLowerCase()
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const range = new Range()
      // Some letters are longer in lower case.
      range.setStart(node, Math.min(node.length, at))
      range.setEnd(node, Math.min(node.length, at + words.length))
      ranges.push(range)
    }
  }
  return ranges
}
