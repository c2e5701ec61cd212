"use strict";
// What the page does: the charts' controls, the slider over training, enlarged pictures, printing.

document.documentElement.classList.add("live");
const one = (selector) => document.querySelector(selector), all = (selector) => [...document.querySelectorAll(selector)];
const data = JSON.parse(one("#data").textContent);

// ---------------------------------------------------------------- samples over training

const films = all(".film").map((film) => ({ film, frames: [...film.querySelectorAll("img")], caption: film.querySelector(".at b") }));
const moments = [...new Set(films.flatMap(({ frames }) => frames.map((frame) => Number(frame.dataset.step))))].sort((a, b) => a - b);
const slider = one("#slider");

/** Every run's samples at a step, or its last ones before it. */
function showSamples(index) {
  const step = moments[index];
  for (const { frames, caption } of films) {
    const shown = frames.findLast((frame) => Number(frame.dataset.step) <= step) ?? frames[0];
    for (const frame of frames) frame.hidden = frame !== shown;
    caption.textContent = figures(Number(shown.dataset.step));
  }
  slider.value = index;
  slider.setAttribute("aria-valuetext", `step ${step}`);
  one("#slider-step").textContent = figures(step);
  shared.sampled = step;
  for (const chart of charts) chart.mark(step);
}

// ---------------------------------------------------------------- curves

const everyStep = data.panels.flatMap((panel) => panel.curves.flatMap((curve) => [curve.steps[0], curve.steps.at(-1)])).concat(moments);
const first = everyStep.reduce((a, b) => Math.min(a, b), Infinity), last = everyStep.reduce((a, b) => Math.max(a, b), -Infinity);
const shared = {
  first: Math.min(first, last - 1),
  last,
  log: false,
  rows: 1,
  runs: new Set(data.runs.keys()),
  pointed: null,
  sampled: moments.length ? moments.at(-1) : null,
  point(step) {
    shared.pointed = step;
    for (const chart of charts) if (!chart.figure.hidden) chart.read(step);
  },
  choose(step) {
    if (step !== null && moments.length) showSamples(nearest(moments, step));
  },
};
const charts = data.panels.map((panel) => new Chart(panel, shared, one("#charts")));

function drawAll() {
  for (const chart of charts) if (!chart.figure.hidden) chart.draw();
}

function chooseCurves() {
  for (const box of all("[data-panel]")) charts[box.dataset.panel].figure.hidden = !box.checked;
  shared.runs = new Set([...data.runs.keys()].filter((run) => one(`[data-run="${run}"]`)?.checked ?? true));
  shared.log = one("#log").checked;
  shared.rows = Number(one("#smooth").value);
  const words = shared.rows === 1 ? "1 row" : `${shared.rows} rows`;
  one("#smooth-rows").textContent = words;
  one("#smooth").setAttribute("aria-valuetext", words);
  drawAll();
}

if (charts.length) {
  one("#controls").addEventListener("input", chooseCurves);
  one("#controls").addEventListener("submit", (event) => event.preventDefault());
  let width = 0;
  new ResizeObserver(() => {
    const now = one("#charts").clientWidth;
    if (now !== width) drawAll();
    width = now;
  }).observe(one("#charts"));
  chooseCurves();
}

// ---------------------------------------------------------------- the slider

if (slider) {
  let playing = null;
  const stop = () => {
    clearInterval(playing);
    playing = null;
    one("#play").textContent = "Play";
    one("#play").setAttribute("aria-pressed", "false");
  };
  const advance = () => {
    const next = Number(slider.value) + 1;
    if (next < moments.length) showSamples(next);
    else stop();
  };
  slider.addEventListener("input", () => { stop(); showSamples(Number(slider.value)); });
  one("#play").addEventListener("click", () => {
    if (playing !== null) return stop();
    if (Number(slider.value) === moments.length - 1) showSamples(0);
    one("#play").textContent = "Pause";
    one("#play").setAttribute("aria-pressed", "true");
    playing = setInterval(advance, 350);
  });
  showSamples(moments.length - 1);
}

// ---------------------------------------------------------------- enlarged pictures, printing

const large = one("#large");
for (const button of all(".enlarge"))
  button.addEventListener("click", () => {
    const picture = button.closest("figure").querySelector("img:not([hidden])");
    large.querySelector("div").replaceChildren(picture.cloneNode());
    large.showModal();
  });
large.addEventListener("click", (event) => { if (event.target === large || event.target.tagName === "IMG") large.close(); });

let folded = [];
addEventListener("beforeprint", () => { folded = all("details:not([open])"); for (const each of folded) each.open = true; });
addEventListener("afterprint", () => { for (const each of folded) each.open = false; });
