// Mocha loads reporters with require, and wants the class as the module itself.
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

/**
 * The spec reporter. A promise whose rejection nobody handles fails the test it came in. Counts and failures are put in
 * the file OWNSIGHT_COUNTS, for whoever adds up several runs.
 */
module.exports = class Counting extends Spec {
  constructor(runner, options) {
    super(runner, options)
    failOnRejection(runner)
    const path = process.env.OWNSIGHT_COUNTS
    if (!path) return
    const failures = []
    runner.on('fail', (test, error) =>
      failures.push({
        file: test.file ?? 'unknown',
        title: test.fullTitle(),
        message: String(error.message),
      }),
    )
    runner.once('end', () => {
      const { passes: passed = 0, failures: failed = 0, pending: skipped = 0 } = this.stats
      writeFileSync(path, JSON.stringify({ passed, failed, skipped, failures }))
    })
  }
}

/** It would end the agent; mocha 12 tells the process of it once more, and goes on. */
function failOnRejection(runner) {
  const known = new WeakSet()
  process.on('unhandledRejection', (reason, promise) => {
    if (known.has(promise)) return
    known.add(promise)
    // mocha says so in front of the message.
    if (reason instanceof Error) Object.assign(reason, { uncaught: true })
    const { currentRunnable } = runner
    // To `uncaught` a test that runs would be over, and fail again when it is; with one that has passed the run ends.
    if (currentRunnable) runner.fail(currentRunnable, reason, true)
    else runner.uncaught(reason)
  })
}
