/** The words of the command language: what joins, what is polite, and what is asked for. */
import { phraseTable } from './phrases.ts'

export type Verb =
  | 'list'
  | 'read'
  | 'show'
  | 'search'
  | 'count'
  | 'fetch'
  | 'wait'
  | 'calculate'
  | 'ask'
  | 'say'
  | 'write'
  | 'help'
  | 'thank'

export const verbs = phraseTable<Verb>({
  list: `list, ls, dir, tree, enumerate, list out, list up, list me, listing, listfiles, list_files,
    what files, which files, what folders, which folders, what are the files, what is there, what's there`,
  read: `read, cat, head, tail, read out, read me, reread, reading, readfile, read_file`,
  show: `show, show me, show me what's in, show me what is in, open, open up, opening,
    display, view, print, look at, look into, take a look at, have a look at, showing,
    give me, let me see, see, check, check out, inspect, examine, explore,
    what's in, what is in, whats in, what is inside, what's inside, what does, what do,
    tell me what is in, tell me what's in, tell me the contents of, contents of, the contents of, content of`,
  search: `search, search for, searching, searching for, find, find me, finding, grep, rg, scan, seek, locate,
    look for, looking for, look in, look through, look up, do a search for, where is, where's, where are,
    searchfiles, search_files, what files contain, which files contain, what files mention,
    which files mention, what files use, which files use, which files include, which lines contain`,
  count: `count, counting, count up, recount, tally, wc, how many, tell me how many, count how many,
    find out how many, how long is, how big is, how large is, size of, what is the size of,
    what's the size of, number of, the number of, what is the number of, what's the number of,
    calculate the number of, compute the number of, get the number of, give me the number of,
    find the number of, show me the number of, countfile, count_file`,
  fetch: `fetch, fetching, get, getting, download, downloading, curl, wget, retrieve, visit, load, grab, pull,
    call, go to, navigate to, browse, browse to, http get, make a request to, send a request to,
    do a get request to, fetchurl, fetch_url`,
  wait: `wait, waiting, sleep, sleeping, pause, delay, idle, hold on, hang on, do nothing`,
  calculate: `calculate, calculating, calc, compute, computing, evaluate, solve, work out, figure out,
    do the math`,
  ask: `what is, what's, whats, what are, how much, how much is, how much are, what do you get for,
    tell me what, tell me what is, tell me what's`,
  say: `say, saying, echo, repeat, repeat after me, reply, reply with, respond with, answer, answer with,
    shout, whisper, output`,
  write: `write, write me, writing, tell, tell me, telling, compose, generate, create, produce, make, make up,
    stream, stream me, invent, draft, recite, give me a long, give me a very long, give me a short,
    give me a story, i want a, i'd like a`,
  help: `help, help me, commands, usage, instructions, what can you do, what do you do, what can i do,
    what can i ask, who are you, what are you, are you, how do you work, how does this work, what is this,
    introduce yourself, tell me about yourself, tell me who you are, what is your name, what's your name,
    which model, what model, list your tools, list the tools,
    list tools, list your commands, show your tools, what tools, which tools, what commands, which commands,
    hello, hi, hey, good morning, good afternoon, good evening, greetings, test`,
  thank: `thanks, thank you, thx, cheers, bye, goodbye, ok, okay, great, nice, cool`,
})

/** `next` starts a new step anywhere, `later` does so before a verb only; `parallel` stays in the same one. */
export type Joiner = 'next' | 'later' | 'parallel'

export const joiners = phraseTable<Joiner>({
  next: `then, after that, after this, after which, followed by, ->, =>, →, &&, |, >>`,
  later: `next, afterwards, afterward, finally, lastly, last, subsequently, thereafter, later, eventually,
    once done, once that is done, when done, when that is done, when you are done, at the end, in the end`,
  parallel: `and, &, while, while you, while you are, also, as well as, at the same time, in parallel, in parallel with, simultaneously,
    meanwhile, while you do that, plus, but, additionally, concurrently, together with`,
})

/** Said out of courtesy at the beginning of a command. */
export const courtesies = phraseTable<'courtesy'>({
  courtesy: `please, kindly, pls, can you, could you, would you, will you, can you please, could you please,
    would you please, would you mind, i want you to, i would like you to, i'd like you to, i need you to,
    i'd like to, i'd like to know, i would like to know, i want to know, i need to know, do you know,
    i would like to, i want to, i need to, let's, lets, let us, you should, you must, you can,
    your task is to, do the following, do this, go ahead and, try to, proceed to, continue to, start by,
    begin by, to start, to begin, to begin with, now, just, so, well, again, once more, immediately, quickly,
    first, firstly, first of all, second, secondly, third, thirdly, in parallel, at the same time,
    hey demo, dear demo, quick test, use, use the, use your, using the, call the, run, run the, invoke,
    invoke the`,
})

/** Said out of courtesy at the end of a command. */
export const farewells = phraseTable<'farewell'>({
  farewell: `please, pls, for me, for us, to me, thanks, thank you, thx, now, right now, too, as well, again,
    once more, at once, at the same time, in parallel, simultaneously, concurrently, together, meanwhile,
    in one step, in the same step, carefully, aloud, quickly, immediately, first, next, if you can,
    if possible, ok, okay`,
})
