/** Runs before anything else of the page: keeps each state of it that a person could have seen. */
window.views = []
window.states = []
window.restored = 0

const look = () => {
  // Of a document that is still on its way there is only the beginning.
  if (!document.querySelector('#given')) return
  const view = [...document.querySelectorAll('[data-message]')].map((message) => ({
    id: message.dataset.message,
    role: message.dataset.role,
    text: message.querySelector('[data-text]').textContent,
  }))
  if (JSON.stringify(view) !== JSON.stringify(window.views.at(-1))) window.views.push(view)
  const state = document.querySelector('#state')?.textContent
  if (state !== undefined && state !== window.states.at(-1)) window.states.push(state)
}
new MutationObserver(look).observe(document, {
  subtree: true,
  childList: true,
  characterData: true,
})
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) window.restored += 1
})
