// Milliseconds between two frames, where none are drawn.
const frame = 16;

/** Call a function before the next frame is drawn, or soon where none is. Returns a function that cancels this. */
export function onNextFrame(call: () => void): () => void {
  const { document } = globalThis as { document?: { visibilityState: string } };
  if (document?.visibilityState !== "visible") {
    const timer = setTimeout(call, frame);
    return () => clearTimeout(timer);
  }
  const id = requestAnimationFrame(call);
  return () => cancelAnimationFrame(id);
}
