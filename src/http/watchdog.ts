// A runtime that was busy, or asleep, hears its timers before what has arrived meanwhile: several
// short waits in place of a long one give that its turn.
const ticks = 5;

/** Notices silence, but only while somebody listens: whoever does not read hears nothing. */
export interface Watchdog {
  listen(): void;
  rest(): void;
  end(): void;
}

/**
 * @param silence - milliseconds; Infinity for a watchdog that sleeps
 * @param bark - called when nothing was heard for so long, or up to a fifth longer
 */
export function watchdog(silence: number, bark: () => void): Watchdog {
  let isListening = false;
  let quiet = 0;
  const tick = () => {
    if (isListening) quiet += 1;
    // The first one was under way when the listening began.
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
