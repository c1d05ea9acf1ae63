/** Charts of the last hour. */
import { element } from "./page.mjs";

const { uPlot } = window;

/** How far apart samples are, in s. */
const SAMPLE_S = 10;

/** The time that a chart with one sample shows, in s. */
const ALONE_S = 60;

const KEPT = 360;
const HEIGHT = 120;
const BLUE = "#0a4fa3";
const ORANGE = "#c25e00";

const perSecond = (key) => (sample) => sample[key] / SAMPLE_S;
const inMs = (key) => (sample) => (sample[key] === null ? null : sample[key] * 1_000);

/** Each chart, with the lines in it. */
const CHARTS = [
  { title: "Streams", lines: [["open", (sample) => sample.streams]] },
  { title: "Messages published per second", lines: [["published", perSecond("published")]] },
  { title: "Deliveries per second", lines: [["delivered", perSecond("delivered")]] },
  {
    title: "Append to write, ms",
    lines: [
      ["p50", inMs("p50")],
      ["p99", inMs("p99")],
    ],
  },
  { title: "Memory, MiB", lines: [["resident", (sample) => sample.rssBytes / 2 ** 20]] },
  { title: "Longest delay of the event loop, ms", lines: [["delay", inMs("loopDelay")]] },
];

/** Draws what the server did, sample by sample. */
export class Charts {
  #samples = [];
  #plots;

  constructor() {
    this.#plots = CHARTS.map((chart) => makePlot(chart));
    new ResizeObserver(() => this.#resize()).observe(element("charts"));
  }

  /** When the last sample was taken, in Unix ms; 0 if there is none. */
  get latest() {
    return this.#samples.at(-1)?.at ?? 0;
  }

  /** Add samples, and draw them. The last ones may come again, with the figures of more processes. */
  add(samples) {
    if (samples.length === 0) return;
    const first = samples[0].at;
    this.#samples = [...this.#samples.filter(({ at }) => at < first), ...samples].slice(-KEPT);
    const times = this.#samples.map(({ at }) => at / 1_000);
    for (const { plot, lines } of this.#plots) {
      plot.setData([times, ...lines.map(([, read]) => this.#samples.map(read))]);
    }
  }

  #resize() {
    for (const { plot, figure } of this.#plots)
      plot.setSize({ width: figure.clientWidth, height: HEIGHT });
  }
}

/** Of a time in seconds since 1970. */
function timeOfDay(time) {
  return new Date(time * 1_000).toTimeString().slice(0, 8);
}

function makePlot({ title, lines }) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption);
  element("charts").append(figure);
  const options = {
    width: figure.clientWidth || 240,
    height: HEIGHT,
    legend: { show: lines.length > 1, live: false },
    cursor: { y: false },
    padding: [8, 28, 0, 0], // half of the last time is right of its place
    axes: [
      { space: 60, values: (_plot, times) => times.map(timeOfDay) },
      { size: 46, space: 24 },
    ],
    scales: {
      // Around one sample alone, uPlot shows a day.
      x: {
        range: ({ data }, min, max) => (data[0].length === 1 ? [min - ALONE_S, min] : [min, max]),
      },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    series: [
      {},
      ...lines.map(([label], line) => ({
        label,
        stroke: line === 0 ? BLUE : ORANGE,
        width: 1.5,
      })),
    ],
  };
  return { plot: new uPlot(options, [[], ...lines.map(() => [])], figure), lines, figure };
}
