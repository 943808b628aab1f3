/** Says what the demo model is, and offers something to try. */

const EXAMPLES = [
  'list files then read README.md',
  'count to 50',
  'wait 10 seconds and calculate 2+3*4',
]

type Props = { isFolded: boolean; isBusy: boolean; onAsk: (text: string) => void }

export const DemoNote = ({ isFolded, isBusy, onAsk }: Props) => (
  <details className="demo" open={!isFolded}>
    <summary>This is the built-in demo model</summary>
    <p>
      It is not a language model: it reads a small command language, and really runs the tools it is
      told to run. Send one of these, and close the page while it works:
    </p>
    <ul>
      {EXAMPLES.map((text) => (
        <li key={text}>
          <button type="button" disabled={isBusy} onClick={() => onAsk(text)}>
            {text}
          </button>
        </li>
      ))}
    </ul>
  </details>
)
