// Milliseconds. Fine enough, and next to nothing to do: the same for all contenders.
const interval = 5;

/** Watches how long timers wait. Returns a function that ends this, and tells the longest, in milliseconds. */
export function watchTasks(): () => number {
  let longest = 0;
  let due = performance.now() + interval;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - due);
    due = now + interval;
  };
  const timer = setInterval(look, interval);
  return () => {
    look();
    clearInterval(timer);
    return longest;
  };
}
