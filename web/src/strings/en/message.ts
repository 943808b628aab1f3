/** One message: its parts, its tool calls, and how it ended. */
import type { RunErrorCode } from 'outlast/client'

export const message = {
  reasoning: { done: 'Reasoning', live: 'Thinking …' },
  code: { copy: 'Copy the code', plain: 'text', label: 'Code: {{language}}' },
  /** Where a link leads, beside its text. */
  host: '({{host}})',
  table: 'Table',
  footnotes: 'Notes',
  task: { done: 'Done', open: 'Open' },
  image: {
    remote: 'Image from {{host}}',
    remoteNamed: 'Image from {{host}}: {{alt}}',
    explain: 'Nothing was loaded. It opens in a new tab: {{url}}',
    unnamed: 'Image',
  },
  broken: 'This part cannot be shown as it was meant. It says:',
  sources: { title: 'Sources', document: 'document' },
  file: { unnamed: 'File', save: 'Save {{name}}' },
  data: { title: 'Data: {{name}}', unknown: 'Part: {{name}}' },
  steering: 'Said meanwhile',
  value: {
    copy: 'Copy: {{what}}',
    copied: 'Copied',
    notCopied: 'The browser did not let this page copy it',
    all: 'Show all {{size}} characters',
    none: 'nothing',
  },
  tool: {
    card: 'Tool call: {{name}}',
    states: {
      writing: 'Is being asked for',
      running: 'Running',
      approval: 'Waits for your approval',
      output: 'Waits for your answer',
      approved: 'Approved, not executed yet',
      done: 'Done',
      failed: 'Failed',
      denied: 'Denied',
      interrupted: 'Interrupted',
      skipped: 'Not executed',
      unknown: 'Outcome unknown',
    },
    explain: {
      interrupted: 'The answer ended before the model had written the whole input.',
      skipped: 'The run ended before it was this call’s turn, so it did nothing.',
      unknown:
        'It was started, and nobody saw it end. What it was to do may have happened or not: look before you ask for it again.',
    },
    input: 'Input',
    output: 'Output',
    outputSoFar: 'Output so far',
    error: 'Error',
    provider: 'Executed by the model’s provider',
    took: 'Took {{duration}}',
    attempts: 'Started {{count}} times',
    reason: 'Reason: {{reason}}',
  },
  approval: {
    question: 'May it be executed with this input?',
    approve: 'Approve',
    deny: 'Deny',
    reason: 'Reason',
    reasonHint: 'The model is told it. You may leave it empty.',
    confirmDeny: 'Deny it',
  },
  give: {
    question: 'The run waits for the output of this tool, and it is you who gives it.',
    label: 'Output of {{name}}',
    kind: 'The output is',
    text: 'Text',
    json: 'JSON',
    send: 'Give the output',
    invalid: 'This is not valid JSON: {{reason}}',
  },
  ending: {
    stopped: 'Stopped. What was written until then stays.',
    superseded: 'Left open: another message was sent while this answer waited for you.',
    unknownCode: {
      what: 'This answer failed.',
      help: 'Try again. If it fails again, look at the run.',
    },
  },
  errors: {
    provider_rate_limited: {
      what: 'The model provider takes no more requests at the moment.',
      help: 'Wait a minute, then try again.',
    },
    provider_unavailable: {
      what: 'The model provider has trouble at the moment.',
      help: 'Try again in a while. What the provider says of its state may help.',
    },
    provider_unreachable: {
      what: 'The model provider could not be reached.',
      help: 'Check the connection of the server, and the address of the provider; then try again.',
    },
    provider_stalled: {
      what: 'The model took too long and was not waited for any longer.',
      help: 'Try again. A shorter question may help.',
    },
    provider_broken_stream: {
      what: 'The connection to the model provider broke in the middle of the answer.',
      help: 'Try again.',
    },
    provider_rejected: {
      what: 'The model provider did not accept the request.',
      help: 'It says why below. A shorter chat, a smaller file or another model may be accepted.',
    },
    provider_denied: {
      what: 'The model provider denied access.',
      help: 'Who runs this server has to check the key, its rights and the credit of the account.',
    },
    provider_error: {
      what: 'The model provider reported an error.',
      help: 'Try again. If it fails again, look at the run.',
    },
    empty_answer: {
      what: 'The model gave an empty answer.',
      help: 'Try again, or ask in other words.',
    },
    content_filtered: {
      what: 'The content filter of the model provider ended the answer.',
      help: 'Ask in other words.',
    },
    output_truncated: {
      what: 'The answer was cut: the model reached the limit of what it may write.',
      help: 'Ask it to go on, or to answer in smaller pieces.',
    },
    max_steps: {
      what: 'The agent took as many steps as it may, and had no answer yet.',
      help: 'Ask it to go on, or for a smaller task.',
    },
    answer_too_large: {
      what: 'The answer grew beyond the limit of this server, and was ended.',
      help: 'Ask for less at once.',
    },
    invalid_output: {
      what: 'The answer does not have the form that the agent has to give it.',
      help: 'Try again. If it fails again, the agent or its model has to be changed.',
    },
    agent_error: {
      what: 'The agent itself failed.',
      help: 'Who runs this server finds the cause in its log.',
    },
    recovery_exhausted: {
      what: 'The run was begun several times without getting further, and was given up.',
      help: 'Its processes died each time. Who runs this server finds the cause in its log.',
    },
    superseded: {
      what: 'Another message was sent while this answer waited for you.',
      help: 'Nothing is lost: what was open counts as denied.',
    },
    internal_error: {
      what: 'The server met an error of its own.',
      help: 'Try again. Who runs this server finds the cause in its log.',
    },
  } satisfies Record<RunErrorCode, { what: string; help: string }>,
} as const
