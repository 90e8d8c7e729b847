// After a busy or suspended phase, a runtime fires timers before it delivers data that has arrived. Several
// short waits instead of a long one let the data be read first.
const ticks = 5;

/**
 * Detects silence, but only between `listen` and `rest`: while nothing is read, nothing can be received. It
 * keeps no timer for a reader that has stopped reading.
 */
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
  let isOver = silence === Infinity;
  let quiet = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const tick = () => {
    quiet += 1;
    if (!isListening) pause();
    else if (quiet === ticks) bark();
  };
  return {
    listen() {
      isListening = true;
      // A tick that is already under way does not count.
      quiet = timer === undefined ? 0 : -1;
      if (!isOver) timer ??= setInterval(tick, silence / ticks);
    },
    rest() {
      isListening = false;
    },
    end() {
      isOver = true;
      pause();
    },
  };
}
