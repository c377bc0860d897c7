/** Preloaded into a program: its clock is CLOCK_SHIFT_MS ahead. Timers and performance.now() are not touched. */
const shift = Number(process.env.CLOCK_SHIFT_MS ?? 0)
const now = Date.now.bind(Date)
Date.now = () => now() + shift
