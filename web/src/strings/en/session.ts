/** Signing in and out. */
export const session = {
  documentTitle: 'Sign in · Outlast',
  title: 'Sign in',
  text: 'This server wants to know who you are.',
  ended: 'You are signed out, or your token has ended. Your runs go on without you.',
  token: 'Token',
  where: 'Whoever runs this server gives you one. It stays in a cookie that no script can read.',
  show: 'Show the token',
  signIn: 'Sign in',
  refused: 'This token does not let you in: {{reason}}',
  tooMany: 'Too many tokens were tried from here. Try again in {{seconds}} s.',
  failed: 'You could not be signed in: {{reason}}',
  who: '{{user}} in {{workspace}}',
  signOut: 'Sign out',
  signOutFailed: 'You could not be signed out: {{reason}}',
  unknown: {
    title: 'The server does not answer as it should',
    text: 'It cannot say who you are: {{reason}} Your runs go on, and this page tries again by itself.',
  },
} as const
