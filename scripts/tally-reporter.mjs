/**
 * The last line of a test run, alone and plain, so that a person or a script can read the result without knowing Vitest:
 * `214 passed, 0 failed, 2 skipped`. A file that could not be loaded, or an error outside any test, counts as failed.
 */
export default class TallyReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) count[stateOf(test)] += 1
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) count.failed += 1
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`)
  }
}

/** A test that never came to an end has not passed. */
function stateOf(test) {
  const { state } = test.result()
  return state === 'pending' ? 'failed' : state
}
