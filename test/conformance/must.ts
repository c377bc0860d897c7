/** One row of the proof: remove this check, and that test dies (the last table of docs/PROTOCOL.md). */
export type Must = {
  /** the number in docs/PROTOCOL.md, such as `M-2.4` */
  must: string
  /** what is taken away, in a few words for the table of the page */
  removes: string
  /** source file, from the root of the repository */
  file: string
  /** exact source text; occurs once in `file` */
  find: string
  replace: string
  /** test file, from the root of the repository */
  test: string
  /** a part of the title of the test that must fail */
  grep: string
}

/** Rows of one source file and one test file. */
export const rowsOf =
  (file: string, test: string) =>
  (must: string, removes: string, find: string, replace: string, grep: string): Must => ({
    must,
    removes,
    file,
    find,
    replace,
    test,
    grep,
  })
