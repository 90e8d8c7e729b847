/** What the demo prints: short lines in columns, in colour where somebody sees it. */

const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const yellow = paint(33);
export const red = paint(31);

export function line(text = ""): void {
  console.log(text);
}

export function title(text: string): void {
  line(`\n${bold(text)}`);
}

/** An indented line of a label, padded before it is painted, and a text. */
export function entry(label: string, text: string, colour = (label: string) => label): void {
  line(`  ${colour(label.padEnd(10))} ${text}`);
}
