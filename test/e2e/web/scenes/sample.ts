/** An answer with everything that Markdown has. */

/** A picture of one pixel. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

export const SAMPLE = `# The plan

A paragraph with **bold**, *italic*, ~~gone~~ and \`inline code\`, a [page](https://example.com/docs), a bare
https://outlast.dev/page, a mail to <mailto:someone@example.com> and a [file of ours](/ai-chat/files/abc).

## Steps

1. Read the file.
2. Change it:
   - here,
   - and there.

- [x] written
- [ ] read

> It is said that a quotation looks like this.

\`\`\`ts
/** Adds what it is given. */
export const sum = (numbers: readonly number[]): number => {
  let total = 0
  for (const number of numbers) total += number // a line that is much longer than a phone is wide, so that it has to scroll
  return total
}
\`\`\`

| name | kind | how many of them there are | what one says of it |
|---|:---:|---:|---|
| first | a | 1 | a cell with some more words than the others |
| second | b | 20 | short |

It costs $5, or $10 for two. Mass is energy, \\(E = mc^2\\), and

\\[
\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}
\\]

$$
\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}
$$

![A chart](https://images.example.com/chart.png) ![Pixel](data:image/png;base64,${PIXEL})

مرحبا بالعالم، هذه فقرة بالعربية.

Here is a note[^1].

[^1]: The note itself.

---

The end.
`
