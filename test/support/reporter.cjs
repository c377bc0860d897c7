// Mocha loads reporters with require, and wants the class as the module itself.
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

/** The spec reporter, and counts and failures in the file OWNSIGHT_COUNTS for whoever adds up several runs. */
module.exports = class Counting extends Spec {
  constructor(runner, options) {
    super(runner, options)
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
