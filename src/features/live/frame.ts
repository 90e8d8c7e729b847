// Milliseconds between two frames, where none are drawn, and the longest wait for one that is.
const frame = 16;
const longestFrame = 200;

/** Call a function before the next frame is drawn, or soon where none is. */
export function onNextFrame(call: () => void): void {
  const { document } = globalThis as { document?: { visibilityState: string } };
  const isDrawn = document?.visibilityState === "visible";
  const run = () => {
    clearTimeout(timer);
    if (isDrawn) cancelAnimationFrame(request);
    call();
  };
  // A page that is hidden meanwhile draws none.
  const timer = setTimeout(run, isDrawn ? longestFrame : frame);
  const request = isDrawn ? requestAnimationFrame(run) : 0;
}
