"use strict";
// Curves as SVG. A chart draws one panel of the page's data; all charts share the steps, the pointer and the choices.

const HEIGHT = 210, TOP = 10, RIGHT = 14, BOTTOM = 24, FEW = 24; // pixels; so few points are marked, and not averaged

function made(tag, attributes, parent) {
  const svg = ["svg", "g", "path", "line", "text", "circle"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  if (parent) parent.append(node);
  return node;
}

function figures(value) {
  if (value === null || value === undefined) return "not finite";
  const whole = Number.isInteger(value) && Math.abs(value) < 1e15;
  const text = whole ? String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
}

/** Round numbers from low to high, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** Powers of ten from low to high, with 2 and 5 between where there are few. */
function logTicks(low, high) {
  const decades = Math.log10(high / low), factors = decades < 2.5 ? [1, 2, 5] : [1], every = Math.max(1, Math.ceil(decades / 5));
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(6));
      if (power % every === 0 && value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  return found.length > 1 ? found : ticks(low, high, 4).filter((value) => value > 0);
}

/** The mean of every value and its neighbors, `rows` in all; what is not finite stays a gap. */
function smoothed(values, rows) {
  const reach = Math.floor(rows / 2);
  return values.map((value, i) => {
    const near = values.slice(Math.max(0, i - reach), i + reach + 1).filter((each) => each !== null);
    return value === null ? null : near.reduce((sum, each) => sum + each, 0) / near.length;
  });
}

/** The index of the step nearest to `step`. */
function nearest(steps, step) {
  let low = 0, high = steps.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle;
  }
  return Math.abs(steps[low] - step) <= Math.abs(steps[high] - step) ? low : high;
}

class Chart {
  constructor(panel, shared, parent) {
    Object.assign(this, { panel, shared });
    this.figure = made("figure", { class: "chart" }, parent);
    const title = made("h3", { text: panel.title }, this.figure);
    this.at = made("span", { class: "at" }, title);
    made("p", { class: "meaning", text: [panel.of, panel.direction, panel.unit].filter(Boolean).join(" · ") }, this.figure);
    this.readout = made("p", { class: "readout" }, this.figure);
    const words = `${panel.title} over steps. Left and right arrows move through the steps; the values stand above.`;
    this.svg = made("svg", { role: "group", tabindex: 0, "aria-label": words }, this.figure);
    this.remark = made("p", { class: "remark" }, this.figure);
    this.svg.addEventListener("pointermove", (event) => shared.point(this.stepAt(event)));
    this.svg.addEventListener("pointerleave", () => shared.point(null));
    this.svg.addEventListener("click", (event) => shared.choose(this.stepAt(event)));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("focus", () => this.readout.setAttribute("aria-live", "polite"));
    this.svg.addEventListener("blur", () => { this.readout.removeAttribute("aria-live"); shared.point(null); });
  }

  get curves() { return this.panel.curves.filter((curve) => this.shared.runs.has(curve.run)); }

  draw() {
    this.width = Math.max(220, this.svg.clientWidth || this.figure.clientWidth - 26);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren();
    const drawn = this.curves.map((curve) => this.readied(curve));
    const skipped = drawn.reduce((sum, each) => sum + each.skipped, 0);
    const infinite = drawn.reduce((sum, each) => sum + each.curve.values.filter((value) => value === null).length, 0);
    this.remark.textContent = [
      infinite ? `${infinite} not finite: gaps` : "", skipped ? `${skipped} not above 0: not on this scale` : ""].filter(Boolean).join("; ");
    this.scale(drawn);
    this.axes();
    for (const each of drawn) this.line(each);
    this.cross = made("g", {}, this.svg);
    this.now = made("path", { class: "now" }, this.svg);
    this.mark(this.shared.sampled);
    this.read(this.shared.pointed);
  }

  /** A curve as it is drawn: its values, and their running mean or null, both without what a logarithm has not. */
  readied(curve) {
    const { log, rows } = this.shared, averaged = rows > 1 && curve.steps.length > FEW;
    const shown = (values) => values.map((value) => (value !== null && log && value <= 0 ? null : value));
    const raw = shown(curve.values), mean = averaged ? shown(smoothed(curve.values, rows)) : null;
    return { curve, raw, mean, skipped: raw.filter((value, i) => value === null && curve.values[i] !== null).length };
  }

  scale(drawn) {
    const { log } = this.shared, found = drawn.flatMap((each) => this.reached(each)).filter((value) => value !== null);
    let low = found.reduce((a, b) => Math.min(a, b), Infinity), high = found.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!found.length) [low, high] = log ? [0.1, 10] : [0, 1];
    if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
    const pad = log ? (high / low) ** 0.04 : (high - low) * 0.05;
    this.low = log ? low / pad : low - pad;
    this.high = log ? high * pad : high + pad;
    this.ticks = log ? logTicks(this.low, this.high) : ticks(this.low, this.high, 5);
    this.left = 10 + 6.6 * Math.max(...this.ticks.map((value) => figures(value).length), 2);
    const inner = HEIGHT - TOP - BOTTOM, portion = log
      ? (value) => Math.log(value / this.low) / Math.log(this.high / this.low)
      : (value) => (value - this.low) / (this.high - this.low);
    this.y = (value) => TOP + inner * (1 - portion(value));
    const { first, last } = this.shared, room = this.width - this.left - RIGHT;
    this.x = (step) => this.left + (room * (step - first)) / (last - first);
    this.stepOf = (x) => first + ((x - this.left) / room) * (last - first);
  }

  /** All that the axis has to hold: the values, and where it is no logarithm their errors. */
  reached({ curve, raw }) {
    if (this.shared.log) return raw;
    return raw.flatMap((value, i) => (value === null ? [] : [value - (curve.errors[i] ?? 0), value + (curve.errors[i] ?? 0)]));
  }

  axes() {
    for (const value of this.ticks) {
      const y = this.y(value).toFixed(1);
      made("line", { class: "rule", x1: this.left, x2: this.width - RIGHT, y1: y, y2: y }, this.svg);
      made("text", { x: this.left - 6, y: Number(y) + 4, "text-anchor": "end", text: figures(value) }, this.svg);
    }
    for (const step of ticks(this.shared.first, this.shared.last, this.width / 90)) {
      if (!Number.isInteger(step)) continue;
      made("text", { x: this.x(step).toFixed(1), y: HEIGHT - 6, "text-anchor": "middle", text: figures(step) }, this.svg);
    }
  }

  line({ curve, raw, mean }) {
    const tone = `c${curve.color}`;
    if (curve.errors.length) made("path", { class: `band ${tone}`, d: this.band(curve, raw) }, this.svg);
    if (mean) made("path", { class: `curve faint ${tone}`, d: this.path(curve.steps, raw) }, this.svg);
    made("path", { class: `curve ${tone}`, d: this.path(curve.steps, mean ?? raw) }, this.svg);
    if (curve.steps.length > FEW) return;
    raw.forEach((value, i) => {
      if (value !== null) made("circle", { class: `point ${tone}`, cx: this.x(curve.steps[i]), cy: this.y(value), r: 2.4 }, this.svg);
    });
  }

  /** A line that stops where there is no value; a value alone is a dot. */
  path(steps, values) {
    let d = "", open = false;
    values.forEach((value, i) => {
      if (value !== null) d += `${open ? "L" : "M"}${this.x(steps[i]).toFixed(2)} ${this.y(value).toFixed(2)}${open ? "" : "h0"}`;
      open = value !== null;
    });
    return d;
  }

  band(curve, raw) {
    const ends = curve.steps.flatMap((step, i) => (raw[i] === null || curve.errors[i] === null ? [] : [[step, raw[i], curve.errors[i]]]));
    const inside = (value) => this.y(Math.min(this.high, Math.max(this.low, value))).toFixed(2);
    const upper = ends.map(([step, value, error]) => `${this.x(step).toFixed(2)} ${inside(value + error)}`);
    const lower = ends.map(([step, value, error]) => `${this.x(step).toFixed(2)} ${inside(value - error)}`).reverse();
    return ends.length ? `M${[...upper, ...lower].join("L")}Z` : "";
  }

  stepAt(event) {
    const box = this.svg.getBoundingClientRect();
    return this.snapped(this.stepOf(((event.clientX - box.left) * this.width) / box.width));
  }

  /** The nearest step at which this panel has a value. */
  snapped(step) {
    const found = this.curves.map((curve) => curve.steps[nearest(curve.steps, step)]);
    return found.length ? found.reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a)) : null;
  }

  key(event) {
    const steps = [...new Set(this.curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined || !steps.length) return;
    event.preventDefault();
    const from = this.shared.pointed === null ? steps.length - 1 : nearest(steps, this.shared.pointed);
    this.shared.point(steps[Math.max(0, Math.min(steps.length - 1, from + move))]);
  }

  /** The values nearest to a step, or without one the last; none where a curve has ended, or not begun. */
  read(step) {
    if (!this.cross) return;
    this.cross.replaceChildren();
    this.readout.replaceChildren();
    const found = new Set();
    for (const curve of this.curves) {
      const { steps, values, errors } = curve, i = step === null ? steps.length - 1 : nearest(steps, step);
      const there = step === null || (step >= steps[0] && step <= steps.at(-1)), seen = there && values[i] !== null;
      const error = seen && errors.length && errors[i] !== null ? ` ± ${figures(errors[i])}` : "";
      const entry = made("span", {}, this.readout);
      made("i", { class: `dot c${curve.color}` }, entry);
      entry.append(curve.label && `${curve.label} `);
      made("b", { text: there ? figures(values[i]) + error : "–" }, entry);
      if (there) found.add(steps[i]);
      if (step !== null && seen && !(this.shared.log && values[i] <= 0))
        made("circle", { class: `point c${curve.color}`, cx: this.x(steps[i]), cy: this.y(values[i]), r: 4 }, this.cross);
    }
    const at = [...found].map(figures);
    this.at.textContent = at.length === 1 ? `step ${at[0]}` : step === null ? "last" : at.length ? `step ${figures(step)}` : "";
    if (step !== null) made("line", { class: "cross", x1: this.x(step), x2: this.x(step), y1: TOP, y2: HEIGHT - BOTTOM }, this.cross);
  }

  /** A triangle at the step whose samples are shown. */
  mark(step) {
    if (!this.now || step === null) return;
    const x = this.x(Math.min(this.shared.last, Math.max(this.shared.first, step))).toFixed(1), y = HEIGHT - BOTTOM;
    this.now.setAttribute("d", `M${x} ${y - 1}l4 7h-8z`);
  }
}
