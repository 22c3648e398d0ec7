// Films in a browser: their figures, their forward pass, keyboard, width, dark mode and print.
import assert from 'node:assert/strict';
import { open, scrollsSideways } from './open.mjs';

export async function test(browser, folder, expected) {
  const use = (name, options, check) => open(browser, folder, name, options, check);
  await use('film.html', { viewport: { width: 1600, height: 1000 } }, async (page) => {
    await lastFrameHasTheFigures(page, expected.flower);
    await keyboardMovesTheFilm(page);
    await runsAre(page, 'beside each other');
  });
  await use('film.html', { viewport: { width: 400, height: 800 } }, async (page) => {
    assert.equal(await scrollsSideways(page), false);
    await predictionsAreBeforeTheOtherCards(page);
  });
  await use('film.html', { viewport: { width: 1024, height: 800 } }, async (page) => {
    await runsAre(page, 'below each other');
  });
  await use('film.html', {}, cardsHoldTheirContents);
  await use('film.html', { viewport: { width: 1400, height: 1000 } }, async (page) => {
    await outputUnitsAreLikeThePrediction(page);
    await zerosAreNamed(page);
  });
  await use('film.html', { colorScheme: 'dark' }, picturesAreDark);
  await use('film.html', { colorScheme: 'dark' }, printShowsAllButTheControls);
  await use('film_hostile.html', {}, (page) => textsAreText(page, expected.hostile));
  await use('film_activations.html', {}, (page) => unitsAreThoseOfTheCrate(page, expected.activations));
  await use('film_sine.html', {}, (page) => curveIsThatOfTheCrate(page, expected.sine));
  await use('film_line.html', {}, (page) => pointsOfALineAreCounted(page, expected.line));
  await use('film_labels.html', {}, (page) => axesAndOutputsAreChosen(page, expected.labels));
  await use('film_diverged.html', {}, divergedFramesAreMarked);
}

const texts = (page, selector) => page.locator(selector).allTextContents();
const text = (page, selector) => page.locator(selector).first().textContent();

/** Checks a number of the page, which has four digits. */
function near(found, expected, what) {
  const difference = Math.abs(Number(found.replaceAll('−', '-')) - expected);
  assert.ok(difference <= 6e-4 * Math.abs(expected) + 1e-12, `${what}: ${found}, not ${expected}`);
}

/** The figures of a run, from the cells of its table. */
async function figures(page, run) {
  const rows = page.locator('.run').nth(run).locator('tbody tr');
  return Object.fromEntries(await rows.evaluateAll((all) => all.map((row) => (
    [row.querySelector('th').textContent, [...row.querySelectorAll('td')].map((td) => td.textContent)]
  ))));
}

async function lastFrameHasTheFigures(page, runs) {
  assert.equal(await text(page, '#frame'), `epoch ${runs[0].epochs}`);
  for (const [number, run] of runs.entries()) {
    const found = await figures(page, number);
    near(found['cost J'][1], run.validationCost, 'cost');
    near(found.accuracy[1], run.validationAccuracy, 'accuracy');
    // The page counts by its own forward pass.
    const right = Math.round(run.validationAccuracy * run.validation);
    const counted = await page.locator('.right').nth(number).textContent();
    assert.match(counted, new RegExp(`, ${right} of ${run.validation} validation examples$`));
  }
  const zeros = await figures(page, 1);
  assert.deepEqual(zeros['gradient, layer 1'], ['0', ''], 'the gradient of zeros');
}

/** Presses the tab key until an element has the focus. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`the tab key does not reach ${selector}`);
}

async function keyboardMovesTheFilm(page) {
  const slider = page.locator('#slider');
  const where = () => slider.getAttribute('aria-valuetext');
  const last = await where();
  await tabTo(page, '#slider');
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await where(), last);
  assert.equal(await text(page, '#frame'), await where());
  await page.keyboard.press('Home');
  assert.equal(await where(), 'epoch 1');
  const costs = await figures(page, 0);
  assert.ok(Number(costs['cost J'][0]) > 0.6, 'the cost of the first frame');
  await page.waitForFunction(() => document.getElementById('summary').textContent.startsWith('Epoch 1.'));

  await page.keyboard.press('Space');
  assert.equal(await text(page, '#play span'), 'Pause');
  assert.equal(await page.locator('.probed').first().getAttribute('aria-live'), 'off');
  await page.waitForFunction(() => document.getElementById('slider').value > 2);
  await page.keyboard.press('Space');
  assert.equal(await text(page, '#play span'), 'Play');
  const paused = await where();
  await page.waitForTimeout(300);
  assert.equal(await where(), paused);
  await page.keyboard.press('End');
  assert.equal(await where(), last);

  await tabTo(page, '.pointer');
  await page.keyboard.press('ArrowRight');
  const [first, second] = await texts(page, '.probed');
  assert.match(first, /^x1 = .*, x2 = .*: (orange|blue), probability/);
  assert.equal(first.split(':')[0], second.split(':')[0], 'both runs show the same point');
  await tabTo(page, '.drawing button');
  assert.match(await text(page, '.unit p'), /^Output orange/);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowDown');
  assert.match(await text(page, '.unit p'), /^Layer 2, unit 2.*z = .*·a1 .*, a = ReLU\(z\)$/);
}

async function runsAre(page, how) {
  const [first, second] = await page.locator('.run').evaluateAll((all) => (
    all.map((run) => run.getBoundingClientRect().toJSON())
  ));
  const beside = second.x >= first.x + first.width && second.y === first.y;
  const below = second.x === first.x && second.y >= first.y + first.height;
  assert.ok(how === 'beside each other' ? beside : below, `the runs are not ${how}`);
}

async function predictionsAreBeforeTheOtherCards(page) {
  const places = (selector) => page.locator(selector).evaluateAll((all) => (
    all.map((card) => card.getBoundingClientRect().y)
  ));
  const [first, second] = await places('.plane');
  assert.ok(first < second, 'the predictions are below each other');
  for (const other of ['.network', '.figures', '.charts']) {
    const [ofFirst, ofSecond] = await places(other);
    assert.ok(second < ofFirst && ofFirst < ofSecond, other);
    const heading = page.locator(`${other} h3`).nth(1);
    assert.match(await heading.innerText(), /: all weights start at 0$/);
  }
}

async function cardsHoldTheirContents(page) {
  for (const width of [400, 700, 1024, 1280, 1366, 1400, 1500, 1600, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(150);
    assert.equal(await scrollsSideways(page), false, `${width}`);
    const outside = await page.locator('.card').evaluateAll((cards) => cards.flatMap((card) => {
      const right = card.getBoundingClientRect().right;
      const parts = [...card.querySelectorAll('td, th, .pointer canvas, .charts text, p')];
      return parts.filter((part) => part.getBoundingClientRect().right > right)
        .map((part) => part.textContent);
    }));
    assert.deepEqual(outside, [], `outside of a card at ${width}`);
    const sizes = await page.locator('.charts text').evaluateAll((texts) => texts.map((text) => (
      text.getScreenCTM().a * parseFloat(getComputedStyle(text).fontSize)
    )));
    assert.ok(sizes.length > 40 && Math.min(...sizes) >= 11.99, `${Math.min(...sizes)} px at ${width}`);
  }
}

async function outputUnitsAreLikeThePrediction(page) {
  const at = (run, selector, x, y) => page.locator('.run').nth(run).locator(selector)
    .evaluate((canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data], [x, y]);
  const [he, zeros] = [await at(0, '.unit canvas', 0, 0), await at(1, '.unit canvas', 0, 0)];
  assert.deepEqual(he, await at(0, '.pointer canvas', 50, 10), 'He initialization');
  assert.deepEqual(zeros, await at(1, '.pointer canvas', 50, 10), 'all weights start at 0');
  const [red, , blue] = zeros;
  assert.ok(blue > red, 'the probability of orange is below 1/2');
}

async function zerosAreNamed(page) {
  const ticks = page.locator('.run').nth(1).locator('.charts svg').nth(2).locator('.tick.end');
  assert.equal(await ticks.first().textContent(), '0');
  const bottom = await ticks.evaluateAll((all) => all.slice(0, -1).map((tick) => tick.getAttribute('y')));
  assert.equal(Math.max(...bottom.map(Number)), Number(bottom[0]), '0 is below all powers');
  const labels = await page.locator('[aria-label]').evaluateAll((all) => (
    all.map((part) => part.getAttribute('aria-label')).join(' ')
  ));
  const shown = await page.locator('.runs').innerText();
  assert.doesNotMatch(`${labels} ${shown}`, /(^|[ e])-\d/, 'a hyphen for a minus');
  assert.match(await text(page, '.unit p'), /a is from almost 0 to /);
  const described = await page.locator('.drawing button[title]').count();
  assert.equal(described, 0);
}

/** The color of the first pixel of a canvas. */
const corner = (page, selector) => page.locator(selector).first().evaluate((canvas) => (
  [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data]
));

async function picturesAreDark(page) {
  const [red, green, blue] = await corner(page, '.run:nth-child(2) .drawing button:nth-of-type(3) canvas');
  assert.ok(Math.max(red, green, blue) < 64, 'the picture of a unit that is 0');
  const ink = await page.evaluate(() => getComputedStyle(document.body).color);
  assert.ok(ink.match(/\d+/g).every((part) => part > 180), ink);
}

async function printShowsAllButTheControls(page) {
  await page.emulateMedia({ media: 'print' });
  await page.waitForTimeout(200);
  for (const hidden of ['.controls', '#play', '#slider']) {
    assert.equal(await page.locator(hidden).isVisible(), false, hidden);
  }
  for (const visible of ['.plane canvas', 'table', '.charts svg', '.drawing button canvas', 'math']) {
    assert.equal(await page.locator(visible).first().isVisible(), true, visible);
  }
  const [red, green, blue] = await corner(page, '.run:nth-child(2) .drawing button:nth-of-type(3) canvas');
  assert.deepEqual([red, green, blue], [255, 255, 255], 'a picture on paper');
}

async function textsAreText(page, { title, feature, label }) {
  assert.equal(await text(page, 'h1'), title);
  assert.equal(await page.title(), title);
  assert.ok((await texts(page, 'option')).includes(feature));
  assert.ok((await texts(page, '.legend li')).includes(label));
  assert.match(await page.locator('.plane canvas').getAttribute('aria-label'), /onerror/);
  await page.locator('.pointer').focus();
  await page.keyboard.press('ArrowUp');
  assert.ok((await text(page, '.probed')).includes(feature));
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('script').count(), 2);
}

async function unitsAreThoseOfTheCrate(page, { ranges, center }) {
  for (const [layer, [low, high]] of ranges.entries()) {
    for (const unit of low.keys()) {
      await page.locator('.drawing button').nth(2 + 3 * layer + unit).focus();
      const found = (await text(page, '.unit p')).match(/a is from (\S+) to (\S+) over the picture/);
      near(found[1], low[unit], `the smallest a of layer ${layer + 1}`);
      near(found[2], high[unit], `the largest a of layer ${layer + 1}`);
    }
  }
  await page.locator('.pointer').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  const probed = await text(page, '.probed');
  near(probed.split(' ').at(-1), center, 'the output at (0, 0)');
}

async function curveIsThatOfTheCrate(page, { r2, middle }) {
  near((await figures(page, 0))['R²'][0], r2, 'R²');
  await page.locator('.pointer').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  const probed = await text(page, '.probed');
  assert.match(probed, /^time = 3\.950: height/);
  near(probed.split(' ').at(-1), middle, 'the output in the middle');
}

async function pointsOfALineAreCounted(page, { accuracy, examples }) {
  const right = Math.round(accuracy * examples);
  assert.equal(await text(page, '.right'), `Right: ${right} of ${examples} training examples`);
  assert.deepEqual(await texts(page, '.legend li'), ['low', 'middle', 'high']);
}

async function axesAndOutputsAreChosen(page, { right, examples, score }) {
  near((await figures(page, 0))['subset accuracy'][0], score, 'subset accuracy');
  assert.equal(await text(page, '.right'), `Right: ${right[0]} of ${examples} training examples`);
  const label = () => page.locator('.plane canvas').getAttribute('aria-label');
  assert.match(await label(), /prediction over x1 and x2: .* not left, .* left/);
  await tabTo(page, 'label:nth-of-type(2) select');
  await page.keyboard.press('ArrowDown'); // The axes exchange their features.
  assert.match(await label(), /prediction over x2 and x1:/);
  await page.keyboard.press('ArrowDown');
  assert.match(await label(), /prediction over x3 and x1:/);
  await tabTo(page, 'label:nth-of-type(4) select');
  await page.keyboard.press('ArrowDown');
  assert.match(await label(), /not right, .* right/);
  assert.equal(await text(page, '.right'), `Right: ${right[1]} of ${examples} training examples`);
}

async function divergedFramesAreMarked(page) {
  const all = await figures(page, 0);
  assert.deepEqual(Object.values(all).flat(), Object.values(all).map(() => 'not finite'));
  await page.locator('#first').click();
  assert.ok(Number((await figures(page, 0))['cost J'][0]) > 0);
}
