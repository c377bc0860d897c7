import { wordlist } from '@scure/bip39/wordlists/english.js'
import { useId, useRef, useState } from 'preact/hooks'

const WORDS = 24
const known = new Set(wordlist)

/** The one word that begins so, from four letters on; else what was typed. */
export function completed(typed: string): string {
  const word = typed.trim().toLowerCase()
  if (word.length < 4 || known.has(word)) return word
  const found = wordlist.filter(each => each.startsWith(word))
  return found.length === 1 ? (found[0] ?? word) : word
}

/** Numbers of a list, commas and line ends between the words do not matter. */
export const splitWords = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean)

/** 24 fields, each checked as it is left; all of them can be pasted into any. */
export function KitWords({ onWords }: { onWords: (words: string) => void }) {
  const [words, setWords] = useState<readonly string[]>(Array.from({ length: WORDS }, () => ''))
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set())
  const form = useRef<HTMLFormElement>(null)
  const list = useId()
  const isWrong = (i: number) => left.has(i) && words[i] !== '' && !known.has(words[i] ?? '')
  const put = (i: number, typed: readonly string[]) =>
    setWords(words.map((word, place) => typed[place - i] ?? word))
  const focus = (i: number) => form.current?.querySelectorAll<HTMLInputElement>('ol input')[i]?.focus()
  const count = words.filter(word => known.has(word)).length
  return (
    <form
      ref={form}
      onSubmit={event => {
        event.preventDefault()
        onWords(words.map(completed).join(' '))
      }}
    >
      <datalist id={list}>
        {wordlist.map(word => (
          <option key={word} value={word} />
        ))}
      </datalist>
      <ol class="word-fields">
        {words.map((word, i) => (
          <li key={i}>
            <input
              aria-label={`Word ${i + 1}`}
              aria-invalid={isWrong(i)}
              name={`word-${i}`}
              list={word.length > 1 ? list : undefined}
              value={word}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              onInput={event => {
                const typed = splitWords(event.currentTarget.value)
                put(i, typed.length > 0 ? typed : [''])
                if (/\s$/.test(event.currentTarget.value) || typed.length > 1)
                  focus(i + Math.max(typed.length, 1))
              }}
              onPaste={event => {
                const typed = splitWords(event.clipboardData?.getData('text') ?? '')
                if (typed.length < 2) return
                event.preventDefault()
                put(i, typed)
                focus(Math.min(i + typed.length, WORDS - 1))
              }}
              onBlur={() => {
                setLeft(new Set([...left, i]))
                put(i, [completed(word)])
              }}
            />
          </li>
        ))}
      </ol>
      <p class="quiet" role="status">
        {words.some((_, i) => isWrong(i))
          ? `Not in the list of words: number ${words.flatMap((_, i) => (isWrong(i) ? [i + 1] : [])).join(', ')}. Look again.`
          : `${count} of ${WORDS} words.`}
      </p>
      <div class="actions">
        <button type="submit" disabled={count < WORDS}>
          Open the kit
        </button>
      </div>
    </form>
  )
}
