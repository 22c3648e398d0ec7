// The page: the controls, and what changes with the current frame.

const film = JSON.parse(document.getElementById('data').textContent);
const runs = film.runs.map((run) => new Run(run, run.examples ?? film.runs[0].examples));
const timeline = [...new Set(runs.flatMap(({ numbers }) => numbers))].sort((a, b) => a - b);
const state = { position: timeline.length - 1, timer: 0, summary: 0, drawing: 0 };
// What the pictures show, which all runs share.
const view = {
  axes: film.features.length === 1 ? [0] : [0, 1],
  chosen: 0,
  probe: null,
};

/** An element of the page. Texts among the children are text. */
function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => created.setAttribute(name, value));
  created.append(...children);
  return created;
}

/** The range of a feature over the examples of all runs, with a margin. */
function rangeOf(feature) {
  const numbers = runs.flatMap((run) => (
    run.sets.flatMap(({ inputs }) => Array.from(inputs[feature], (x) => run.fromNetwork(feature, x)))
  ));
  const [low, high] = [smallest(numbers), largest(numbers)];
  const margin = 0.06 * (high - low) || 1;
  return [low - margin, high + margin];
}

/** The side of the grid on which the networks are computed, less for large networks. */
function sideOfGrid() {
  if (view.axes.length === 1) return 240;
  const work = runs.reduce((sum, { count }) => sum + count, 0);
  return Math.round(Math.max(41, Math.min(101, 1500 / Math.sqrt(work))));
}

/** The points of the grid, row by row from the top. */
function gridPoints() {
  const { axes, ranges: [[lowX, highX], [lowY, highY] = []], side } = view;
  const between = (low, high, i) => low + (high - low) * i / (side - 1);
  return Array.from({ length: axes.length === 1 ? side : side * side }, (_, at) => (
    axes.length === 1
      ? [between(lowX, highX, at)]
      : [between(lowX, highX, at % side), between(highY, lowY, Math.floor(at / side))]
  ));
}

/** A scale that fits a figure of all runs. */
function commonScale(figures, options) {
  return scale(runs.flatMap(figures), options);
}

function createCharts(card, run, scales) {
  const range = [timeline[0], timeline.at(-1)];
  const two = (key) => ['training', 'validation'].filter((name) => run[name]).map((name, i) => (
    { name, figures: run[name][key], color: ['var(--blue)', 'var(--orange)'][i] }
  ));
  const layers = run.layers.map((_, l) => ({
    name: `layer ${l + 1}`,
    figures: run.norms.map((norms) => norms[l]),
    color: `color-mix(in oklab, var(--orange) ${100 * l / Math.max(1, run.layers.length - 1)}%, var(--blue))`,
  }));
  return [
    { title: `cost${scales.cost.logarithmic ? ' (logarithmic)' : ''}`, lines: two('cost'), scale: scales.cost },
    { title: film.score, lines: two('score'), scale: scales.score },
    { title: 'gradient norms (logarithmic)', lines: layers, scale: scales.norms },
  ].map((chart) => new Chart(card, { ...chart, numbers: run.numbers, range }));
}

function createScales() {
  const both = (key) => ({ training, validation }) => [...training[key], ...(validation?.[key] ?? [])];
  const costs = runs.flatMap(both('cost')).filter((x) => Number.isFinite(x) && x > 0);
  const logarithmic = costs.length > 0 && largest(costs) > 100 * smallest(costs);
  // R² may be far below 0 before a training.
  const scores = runs.flatMap(both('score')).filter(Number.isFinite);
  const least = film.kind === 'numbers' ? Math.max(-1, Math.min(0, ...scores)) : 0;
  return {
    cost: { ...commonScale((run) => [...both('cost')(run), ...(logarithmic ? [] : [0])], { logarithmic }), logarithmic },
    score: commonScale(both('score'), { fixed: [least, 1] }),
    norms: commonScale(({ norms }) => norms.flat(), { logarithmic: true }),
  };
}

const largestWeight = largest(runs.map(({ allWeights }) => (
  allWeights.reduce((most, w) => (Number.isFinite(w) ? Math.max(most, Math.abs(w)) : most), 0)
))) || 1;
const scales = createScales();
const sections = [...document.querySelectorAll('.run')].map((section, number) => {
  const run = runs[number];
  const card = (name) => section.querySelector(`.${name}`);
  return {
    run,
    section,
    caption: section.querySelector('caption'),
    cells: [...section.querySelectorAll('td')].slice(1),
    plane: new Plane(card('plane'), run),
    network: new Network(card('network'), run, largestWeight),
    charts: createCharts(card('charts'), run, scales),
  };
});

/** Computes what the pictures share, and fits them into their cards. */
function layout() {
  view.side = sideOfGrid();
  view.ranges = view.axes.map(rangeOf);
  view.output = outputView(film, runs, view.chosen);
  view.outputUnits = film.outputs.map((_, unit) => outputUnitView(film, runs, unit));
  view.outputName = film.kind === 'numbers' ? film.outputs[view.chosen] : 'output';
  const points = gridPoints();
  sections.forEach((section) => {
    const { run, plane, network, charts } = section;
    section.inputs = run.inputs(view.axes, points);
    const room = (name) => section.section.querySelector(name).clientWidth - 32;
    plane.layout(Math.max(200, Math.min(560, room('.plane'))), view);
    network.layout(room('.network'), view);
    charts.forEach((chart) => chart.layout());
  });
  show();
}

/** Shows the current frame. */
function show() {
  const number = timeline[state.position];
  const where = `${film.unit} ${number}`;
  const colors = theme();
  sections.forEach((section) => showRun(section, number, colors));
  slider.value = state.position;
  slider.setAttribute('aria-valuetext', where);
  frame.textContent = where;
  clearTimeout(state.summary);
  if (!state.timer) state.summary = setTimeout(summarize, 500);
}

function showRun({ run, caption, cells, plane, network, charts, inputs }, number, colors) {
  const frame = run.frameAt(number);
  const where = `${film.unit} ${run.numbers[frame]}`;
  const weights = run.weightsAt(frame);
  const units = [inputs, ...forward(run.layers, weights, inputs)];
  plane.show(where, units, weights, colors);
  network.show(units, weights, colors);
  charts.forEach((chart) => chart.show(frame));
  caption.textContent = run.numbers.at(-1) < number ? `${where}, the last of this run` : where;
  const { training, validation, norms } = run;
  const pairs = ['cost', 'score'].map((key) => [training[key][frame], validation?.[key][frame]]);
  pairs.push(...norms[frame].map((norm) => [norm, '']));
  const figures = pairs.flatMap(([first, second]) => (validation ? [first, second] : [first]));
  cells.forEach((cell, i) => { cell.textContent = figures[i] === '' ? '' : short(figures[i]); });
}

/** Says the figures to a screen reader when the slider has stopped. */
function summarize() {
  const number = timeline[state.position];
  const texts = runs.map((run) => {
    const frame = run.frameAt(number);
    const figures = ['training', 'validation'].filter((name) => run[name]).map((name) => (
      `${name} cost ${spoken(run[name].cost[frame])}, ${film.score} ${spoken(run[name].score[frame])}`
    ));
    return `${run.name}: ${figures.join('; ')}`;
  });
  summary.textContent = `${capitalized(film.unit)} ${number}. ${texts.join('. ')}.`;
}

function goTo(position) {
  state.position = Math.max(0, Math.min(timeline.length - 1, position));
  show();
}

/** Starts or stops the film. At the end, it starts again. */
function setPlaying(playing) {
  clearTimeout(state.timer);
  state.timer = 0;
  if (playing && state.position === timeline.length - 1) state.position = 0;
  play.querySelector('span').textContent = playing ? 'Pause' : 'Play';
  play.querySelector('path').setAttribute('d', playing ? 'M3 2h4v12H3zM9 2h4v12H9z' : 'M4 2l10 6-10 6z');
  document.querySelectorAll('[aria-live]:not(table)').forEach((region) => {
    region.setAttribute('aria-live', playing ? 'off' : 'polite');
  });
  if (playing) tick();
  show();
}

function tick() {
  state.timer = setTimeout(() => {
    if (state.position + 1 >= timeline.length) {
      setPlaying(false);
      return;
    }
    tick();
    goTo(state.position + 1);
  }, 1000 / Number(speed.value));
}

/** A choice of one of several names. */
function addChoice(label, names, value, change) {
  const options = names.map((name, i) => element('option', { value: i }, name));
  const select = element('select', {}, ...options);
  select.value = value;
  select.addEventListener('change', () => {
    change(Number(select.value));
    layout();
  });
  document.querySelector('.choices').append(element('label', {}, `${label} `, select));
  return select;
}

/** Adds the choices of axes and output, where there are several. */
function addChoices() {
  if (film.features.length > 2) {
    const selects = ['Horizontal', 'Vertical'].map((name, axis) => (
      addChoice(`${name} axis`, film.features, axis, (feature) => {
        // The axes exchange their features rather than have the same one.
        if (view.axes[1 - axis] === feature) view.axes[1 - axis] = view.axes[axis];
        view.axes[axis] = feature;
        view.probe = null;
        selects.forEach((select, i) => { select.value = view.axes[i]; });
      })
    ));
  }
  if (['labels', 'numbers'].includes(film.kind) && film.outputs.length > 1) {
    addChoice('Output', film.outputs, 0, (output) => { view.chosen = output; });
  }
}

/** Moves the chosen point of the plane by the arrow keys. */
function moveProbe(event) {
  const steps = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1],
  }[event.key];
  if (!steps) return;
  event.preventDefault();
  const middle = view.ranges.map(([low, high]) => (low + high) / 2);
  view.probe = (view.probe ?? middle).map((x, i) => {
    const [low, high] = view.ranges[i];
    const moved = x + steps[i] * (high - low) / (event.shiftKey ? 200 : 20);
    return Math.max(low, Math.min(high, moved));
  });
  show();
}

const [slider, frame, summary, play, speed] = ['slider', 'frame', 'summary', 'play', 'speed']
  .map((id) => document.getElementById(id));
const ends = { first: () => 0, last: () => timeline.length - 1 };
const steps = { back: -1, next: 1 };
Object.entries(ends).forEach(([id, position]) => {
  document.getElementById(id).addEventListener('click', () => goTo(position()));
});
Object.entries(steps).forEach(([id, step]) => {
  document.getElementById(id).addEventListener('click', () => goTo(state.position + step));
});
play.addEventListener('click', () => setPlaying(!state.timer));
slider.max = timeline.length - 1;
slider.addEventListener('input', () => goTo(Number(slider.value)));
document.addEventListener('keydown', (event) => {
  if (event.key !== ' ' || event.target.closest('button, select, summary, pre')) return;
  event.preventDefault();
  setPlaying(!state.timer);
});
sections.forEach(({ plane }) => {
  plane.pointer.addEventListener('keydown', moveProbe);
  ['pointerdown', 'pointermove'].forEach((type) => plane.canvas.addEventListener(type, (event) => {
    view.probe = plane.pointAt(event) ?? view.probe;
    cancelAnimationFrame(state.drawing);
    state.drawing = requestAnimationFrame(show);
  }));
});
['(prefers-color-scheme: dark)', 'print'].forEach((media) => {
  matchMedia(media).addEventListener('change', layout);
});
let width = 0;
new ResizeObserver(([{ contentRect }]) => {
  if (contentRect.width !== width) {
    width = contentRect.width;
    layout();
  }
}).observe(document.querySelector('main'));
addChoices();
document.querySelector('.controls').hidden = false;
