// After a busy or suspended phase, a runtime fires timers before it delivers data that has arrived. Several
// short waits instead of a long one let the data be read first.
const ticks = 5;

/** Detects silence, but only between `listen` and `rest`: while nothing is read, nothing can be received. */
export interface Watchdog {
  listen(): void;
  rest(): void;
  end(): void;
}

/**
 * @param silence - milliseconds; Infinity disables the watchdog
 * @param bark - called after this much silence, or up to a fifth more
 */
export function watchdog(silence: number, bark: () => void): Watchdog {
  let isListening = false;
  let quiet = 0;
  const tick = () => {
    if (isListening) quiet += 1;
    // The first tick was already under way when the listening began.
    if (quiet > ticks) bark();
  };
  const timer = silence < Infinity ? setInterval(tick, silence / ticks) : undefined;
  return {
    listen() {
      isListening = true;
    },
    rest() {
      isListening = false;
      quiet = 0;
    },
    end: () => clearInterval(timer),
  };
}
