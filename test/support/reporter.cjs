// Mocha loads reporters with require, and wants the class as the module itself.
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

/** The spec reporter, and counts and failed files in the file OWNSIGHT_COUNTS for whoever adds up several runs. */
module.exports = class Counting extends Spec {
  constructor(runner, options) {
    super(runner, options)
    const path = process.env.OWNSIGHT_COUNTS
    if (!path) return
    const files = new Set()
    runner.on('fail', ({ file }) => files.add(file ?? 'unknown'))
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = this.stats
      const counts = { passed: passes, failed: failures, skipped: pending, failedFiles: [...files] }
      writeFileSync(path, JSON.stringify(counts))
    })
  }
}
