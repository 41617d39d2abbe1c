/*
 * Loaded into the measured processes ahead of their own code, with `--expose-gc`: asked for its memory, a process collects
 * all garbage and tells what is left. Only so can memory that streams hold be told from memory that nobody has collected yet.
 * Asked for its main thread, it tells the processor time that this thread alone has used, as the system counts it.
 */
process.on('message', (message) => {
  if (message === 'main thread') {
    const { user, system } = process.threadCpuUsage()
    process.send?.({ mainThreadMs: (user + system) / 1000 })
    return
  }
  if (message !== 'memory') return
  globalThis.gc?.()
  // Buffers are given back a moment after the collection that found them; the second one counts what is left then.
  setTimeout(() => {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    process.send?.({ heldKb: (heapUsed + external) / 1024 })
  }, 200)
})
