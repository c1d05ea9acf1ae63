import { formatNumber } from "./number-format.ts";

const WIDTH = 800;
const LABEL_WIDTH = 230;
const VALUE_WIDTH = 110;
const BAR_HEIGHT = 22;
const BAR_GAP = 6;
const GROUP_GAP = 16;
const TOP = 58;
const OWN_COLOUR = "#1f6feb";
const PEER_COLOUR = "#8b949e";

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** It is the project's own, and stands out. */
  readonly own: boolean;
}

/** Bars below one another, in groups with a gap between them. */
export interface BarChart {
  readonly title: string;
  /** Unit and direction, such as "us, less is better". */
  readonly subtitle: string;
  readonly unit: string;
  /** Logarithmic where values differ by orders of magnitude. */
  readonly scale: "linear" | "logarithmic";
  readonly groups: readonly (readonly Bar[])[];
}

/** The chart as an SVG document. It brings its own background, since pages are light or dark. */
export function formatBarChart({ title, subtitle, unit, scale, groups }: BarChart): string {
  const bars = groups.flat();
  const values = bars.map(({ value }) => value);
  const length = scale === "linear" ? linear(values) : logarithmic(values);
  let y = TOP;
  const parts: string[] = [];
  for (const group of groups) {
    for (const bar of group) {
      parts.push(formatBar(bar, y, length(bar.value), unit));
      y += BAR_HEIGHT + BAR_GAP;
    }
    y += GROUP_GAP;
  }
  const height = y;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="#1f2328">
<title>${escapeXml(title)}</title>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6" fill="#fcfcfd" stroke="#d0d7de"/>
<text x="16" y="26" font-size="16" font-weight="600">${escapeXml(title)}</text>
<text x="16" y="45" fill="#57606a">${escapeXml(subtitle)}</text>
${parts.join("\n")}
</svg>
`;
}

function formatBar({ label, value, own }: Bar, y: number, length: number, unit: string): string {
  const middle = y + BAR_HEIGHT / 2 + 4.5;
  const colour = own ? OWN_COLOUR : PEER_COLOUR;
  const told = `${formatNumber(value)}${unit === "" ? "" : ` ${unit}`}`;
  return `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escapeXml(label)}</text>
<rect x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${colour}"/>
<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${middle}" font-weight="${own ? 600 : 400}">${escapeXml(told)}</text>`;
}

const ROOM = WIDTH - LABEL_WIDTH - VALUE_WIDTH;

function linear(values: readonly number[]): (value: number) => number {
  const most = Math.max(...values);
  return (value) => Math.max(1, (value / most) * ROOM);
}

/**
 * Bars begin at the power of ten below the smallest value, so that they can be read as on
 * logarithmic paper.
 */
function logarithmic(all: readonly number[]): (value: number) => number {
  const values = all.filter((value) => value > 0); // 0 stands for none
  const least = Math.floor(Math.log10(Math.min(...values)) - 0.001);
  const most = Math.log10(Math.max(...values));
  return (value) =>
    value <= 0 ? 1 : Math.max(1, ((Math.log10(value) - least) / (most - least)) * ROOM);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
