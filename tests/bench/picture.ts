import { showSize } from "./peer-sizes.js";
import type { Client, ScanFigures, Summary } from "./summary.js";
import { measures } from "./tables.js";

interface Bar {
  name: string;
  value: number;
  label: string;
}

interface Panel {
  title: string;
  bars: Bar[];
}

// In pixels of a phone: at 375 of them, text has the size that it has here.
const width = 360;
const onWidePages = 1.25;
const margin = 12;
const names = 97;
const longestBar = 114;
const row = 20;
const titleHeight = 26;
const gap = 14;
const top = 52;

/** A picture of what matters most, for light and dark pages, and for phones. Text stays text. */
export function picture({ runtimes: [runtime = ""], clients }: Summary, documents: number): string {
  const count = documents.toLocaleString("en").replaceAll(",", " ");
  // `node24` has its version twice.
  const name = runtime.replace(/\d* /, " ").replace(/^\w/, (first) => first.toUpperCase());
  const title = `A scan of ${count} documents in ${name}`;
  const panels = panelsOf(clients);
  const parts: string[] = [];
  let y = top;
  for (const panel of panels) {
    parts.push(...drawPanel(panel, y));
    y += titleHeight + panel.bars.length * row + gap;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width * onWidePages}" height="${y * onWidePages}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13">
  <title id="title">${toXml(title)}</title>
  <desc id="description">${toXml(describe(panels))}</desc>
  <style>
    svg { --page: #ffffff; --ink: #1f2328; --soft: #57606a; --ours: #1a7f37; --other: #8c959f; }
    @media (prefers-color-scheme: dark) {
      svg { --page: #0d1117; --ink: #e6edf3; --soft: #9198a1; --ours: #3fb950; --other: #6e7681; }
    }
    .page { fill: var(--page); }
    text { fill: var(--ink); }
    .soft { fill: var(--soft); font-size: 12px; }
    .title { font-weight: 600; }
    .bar { fill: var(--other); }
    .ours { fill: var(--ours); }
  </style>
  <rect class="page" width="${width}" height="${y}"/>
  <text class="title" x="${margin}" y="24">${toXml(title)}</text>
  <text class="soft" x="${margin}" y="41">Shorter is better.</text>
${parts.map((part) => `  ${part}`).join("\n")}
</svg>
`;
}

function panelsOf(clients: Client[]): Panel[] {
  const scan = (title: string, measure: keyof ScanFigures): Panel => ({
    title,
    bars: clients.flatMap(({ name, scans: [figures] }) => {
      const value = figures?.[measure];
      return value === undefined ? [] : [{ name, value, label: measures[measure].show(value) }];
    }),
  });
  const sizes = clients.map(({ name, size }) => ({
    ...{ name, value: size.kilobytes },
    label: showSize(size),
  }));
  return [
    scan("Time for all documents", "wall"),
    scan("Time to the first document", "first"),
    scan("Peak memory of the process", "memory"),
    { title: "Size in a bundle, minified and gzipped", bars: sizes },
  ];
}

function drawPanel({ title, bars }: Panel, y: number): string[] {
  const most = Math.max(...bars.map(({ value }) => value));
  const lines = [`<text class="title" x="${margin}" y="${y + 16}">${toXml(title)}</text>`];
  for (const [n, { name, value, label }] of bars.entries()) {
    const start = y + titleHeight + n * row;
    const length = Math.max(1, (value / most) * longestBar).toFixed(1);
    const after = (margin + names + Number(length) + 6).toFixed(1);
    const kind = name === "couchfetch" ? "bar ours" : "bar";
    lines.push(
      `<text x="${margin}" y="${start + 12}">${toXml(name)}</text>`,
      `<rect class="${kind}" x="${margin + names}" y="${start + 1}" width="${length}" height="14" rx="2"/>`,
      `<text class="soft" x="${after}" y="${start + 12}">${toXml(label)}</text>`,
    );
  }
  return lines;
}

/** The numbers, for those who listen to the page. */
function describe(panels: Panel[]): string {
  return panels
    .map(({ title, bars }) => {
      const values = bars.map(({ name, label }) => `${name} ${label}`);
      return `${title}: ${values.join("; ")}.`;
    })
    .join(" ");
}

function toXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
