const width = 30;

/** A bar that is drawn anew on its line in a terminal, and elsewhere tells only how it ended. */
export function bar(what: string, total: number, begin = 0) {
  let done = begin;
  let drawn = "";
  const draw = () => {
    const part = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(part * width);
    const text = `${"█".repeat(filled)}${"░".repeat(width - filled)} ${done} of ${total} ${what}`;
    if (text !== drawn && process.stdout.isTTY) process.stdout.write(`\r${text}`);
    drawn = text;
  };
  return {
    add(count: number) {
      done += count;
      draw();
    },
    end() {
      console.log(process.stdout.isTTY ? "" : `${done} ${what}`);
    },
  };
}
