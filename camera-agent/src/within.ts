/** Settles with `work`, or aborts the session at the deadline. */
export async function within(ms: number, work: Promise<void>, ended: AbortController): Promise<void> {
  ended.signal.throwIfAborted()
  const timer = setTimeout(() => ended.abort('not_confirmed'), ms)
  try {
    await Promise.race([
      work,
      new Promise<never>((_, reject) =>
        ended.signal.addEventListener('abort', () => reject(new Error(String(ended.signal.reason))), {
          once: true,
        }),
      ),
    ])
  } finally {
    clearTimeout(timer)
  }
}
