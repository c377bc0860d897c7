export async function selfTest(): Promise<void> {}
