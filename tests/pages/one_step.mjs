// The page of one step in a browser: numbers, sums, the keyboard, sizes, colors, paper.
import assert from 'node:assert/strict';
import { open, scrollsSideways } from './open.mjs';

const WIDE = { viewport: { width: 1600, height: 900 } };
const NARROW = { viewport: { width: 400, height: 800 }, hasTouch: true };
const TO_COMPUTE = ['one_step', 'one_step_activations', 'one_step_classes'];
const PAGES = [...TO_COMPUTE, 'one_step_hostile', 'one_step_large'];

export async function test(browser, folder, expected) {
  const on = (options, name, use) => open(browser, folder, `${name}.html`, options, use);
  await on(WIDE, 'one_step', (page) => numbers(page, expected));
  await on(WIDE, 'one_step', sumOfAWeight);
  await on(WIDE, 'one_step', held);
  await on(NARROW, 'one_step', sumByTouch);
  for (const width of [400, 1100, 1400]) {
    await on({ viewport: { width, height: 800 } }, 'one_step', wholeSum);
  }
  await on(WIDE, 'one_step', keyboard);
  await on(WIDE, 'one_step', links);
  await on({ ...WIDE, javaScriptEnabled: false }, 'one_step', withoutScript);
  await on(WIDE, 'one_step', paper);
  await on(WIDE, 'one_step_hostile', (page) => hostile(page, expected.hostile));
  for (const name of PAGES) {
    await on(WIDE, name, names);
    for (const size of [WIDE, NARROW]) await on(size, name, fits);
    for (const colorScheme of ['light', 'dark']) {
      await on({ ...WIDE, colorScheme }, name, contrast);
    }
  }
  for (const name of TO_COMPUTE) await on(WIDE, name, sums);
  await on(WIDE, 'one_step_large', longSums);
}

const table = (page, name) => page.locator(`section.current table.made[data-name="${name}"]`);
const cell = (page, name, i, j) => table(page, name)
  .locator(`tbody tr:nth-child(${i}) td:nth-child(${j + 1})`);
const sum = (page) => page.getByRole('status');
const step = (page) => page.getByRole('combobox', { name: 'Step' });
const goTo = (page, number) => step(page).selectOption(String(number - 1));

/** Each number of the crate is on the page, in full, and its text is the number rounded. */
async function numbers(page, expected) {
  await page.getByLabel('all digits').check();
  const steps = { 'Z[1]': 2, 'A[2]': 5, J: 6, 'dW[1]': 11, 'db[1]': 11, 'new W[1]': 12 };
  for (const [name, number] of Object.entries(steps)) {
    await goTo(page, number);
    for (const [i, row] of expected[name].entries()) {
      for (const [j, value] of row.entries()) {
        const at = cell(page, name, i + 1, j + 1);
        await at.hover();
        const shown = await sum(page).locator('strong').textContent();
        assert.equal(Number(shown.replaceAll('−', '-')), value, name);
        const rounded = Number((await at.textContent()).replaceAll('−', '-'));
        assert.ok(Math.abs(rounded - value) <= 6e-5, `${name}: ${rounded} ${value}`);
      }
    }
  }
}

/** The texts of the sum, and the lit cells as [matrix, row, column]. */
const explained = (page) => page.evaluate(() => ({
  lines: [...document.querySelectorAll('.sum p')].map((line) => line.textContent),
  lit: [...document.querySelectorAll('td.lit')].map((td) => [
    td.closest('table').dataset.name, td.parentNode.sectionRowIndex + 1, td.cellIndex]),
  targets: document.querySelectorAll('td.target').length,
}));
const DW = {
  lines: [
    'dW[1], unit 2, study (row 2, column 1) ≈ 0.1122',
    '= 1/4 · dZ[1] row 2 · A[0] row 1 (a row, because of the T), over the examples',
    '≈ 1/4·(0.2731·1 + (−0.1759)·(−1) + 0·2 + 0·0.5)',
  ],
  lit: [
    ['dZ[1]', 2, 1], ['dZ[1]', 2, 2], ['dZ[1]', 2, 3], ['dZ[1]', 2, 4],
    ['A[0]', 1, 1], ['A[0]', 1, 2], ['A[0]', 1, 3], ['A[0]', 1, 4],
  ],
  targets: 1,
};

/** Pointing at a number lights the row and the column of its sum, and nothing else. */
async function sumOfAWeight(page) {
  await goTo(page, 11);
  await cell(page, 'dW[1]', 2, 1).hover();
  assert.deepEqual(await explained(page), DW);
  await cell(page, 'db[1]', 1, 1).hover();
  assert.deepEqual((await explained(page)).lit, [1, 2, 3, 4].map((k) => ['dZ[1]', 1, k]));
  await goTo(page, 2);
  assert.deepEqual((await explained(page)).lit, [], 'another step starts without a sum');
  await cell(page, 'Z[1]', 2, 3).hover();
  const { lines, lit } = await explained(page);
  assert.deepEqual(lines, [
    'Z[1], unit 2, example 3 (row 2, column 3) = −1',
    '= W[1] row 2 · A[0] column 3 + b[1] row 2',
    '= (−0.2)·2 + 0.6·(−1) + 0',
  ]);
  assert.deepEqual(lit,
    [['W[1]', 2, 1], ['W[1]', 2, 2], ['A[0]', 1, 3], ['A[0]', 2, 3], ['b[1]', 2, 1]]);
  await cell(page, 'Z[1]', 2, 1).hover();
  assert.match((await explained(page)).lines[0], / = 0\.1$/, 'rounding of the last digit');
  await goTo(page, 10);
  await cell(page, 'dZ[1]', 1, 2).hover();
  assert.match((await explained(page)).lines[2], /^= .*·0$/, 'a factor of 0 is exact');
  await cell(page, 'g′[1]', 1, 1).hover();
  assert.match((await explained(page)).lines[2], /^= 1 if /, 'so is a case');
}

/** A click holds a number while the mouse crosses others, until a click, Esc or another step. */
async function held(page) {
  await goTo(page, 11);
  const dz = page.locator('section.current table[data-name="dZ[1]"] tbody td');
  const first = async () => (await explained(page)).lines[0];
  const text = /^dZ\[1\], unit 1, example 2 \(row 1, column 2\) = 0\. Made in step 10\.$/;
  for (const release of [() => dz.nth(1).click(), () => page.keyboard.press('Escape')]) {
    await dz.nth(1).click();
    await dz.nth(2).hover();
    assert.match(await first(), text);
    await release();
    await dz.nth(3).hover();
    assert.match(await first(), /example 4/);
  }
  await dz.nth(1).focus();
  await page.keyboard.press('Enter');
  await dz.nth(2).hover();
  assert.match(await first(), text);
  await dz.nth(3).click();
  assert.match(await first(), /example 4/);
  await dz.nth(1).click();
  await dz.nth(2).hover();
  await sum(page).getByRole('link', { name: 'step 10' }).click();
  assert.equal(await step(page).inputValue(), '9');
  assert.equal(await page.locator('td.held').count(), 0);
  await cell(page, 'dZ[1]', 1, 1).hover();
  assert.match(await first(), /example 1/, 'another step starts anew');
}

/** A tap does the same on a narrow screen, where the sum stays in view. */
async function sumByTouch(page) {
  await goTo(page, 11);
  await cell(page, 'dW[1]', 2, 1).tap();
  assert.deepEqual(await explained(page), DW);
  await page.locator('section.current table[data-name="W[1]"]').scrollIntoViewIfNeeded();
  const box = await sum(page).boundingBox();
  assert.ok(box.y > 400 && box.y + box.height < 800, 'the sum stays in view');
  assert.ok(await sum(page).evaluate((at) => at.scrollHeight <= at.clientHeight), 'all of it');
}

/** The bar grows with its sum, also with all digits. */
async function wholeSum(page) {
  await page.getByLabel('all digits').check();
  for (const number of [8, 11, 12]) {
    await goTo(page, number);
    for (const made of await page.locator('section.current table.made').all()) {
      await made.locator('tbody td').first().hover();
      const [content, height] = await sum(page)
        .evaluate((at) => [at.scrollHeight, at.clientHeight]);
      assert.ok(content <= height && height <= 320, `step ${number}: ${content} of ${height}`);
    }
  }
}

/** Keys alone go through all steps, reach numbers and leave the matrices. */
async function keyboard(page) {
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i += 1) await page.keyboard.press(key);
  };
  const heading = () => page.locator('section.current h2 .heading').textContent();
  const headings = [];
  for (let i = 0; i < 14; i += 1) {
    headings.push(await heading());
    await press('ArrowRight');
  }
  assert.equal(new Set(headings).size, 14, headings.join('\n'));
  assert.equal(await heading(), 'After the step', 'the last step has no next one');
  await press('ArrowLeft', 3);
  assert.equal(await heading(), 'Layer 1: back through the linear step');
  assert.equal(await page.locator('.map [aria-current="step"]').getAttribute('href'), '#step-11');

  const focused = () => page.evaluate(() => {
    const { activeElement: at } = document;
    const name = at.closest('table')?.dataset.name;
    return name ? [name, at.parentNode.sectionRowIndex + 1, at.cellIndex] : at.tagName;
  });
  for (let i = 0; !(await focused()).includes('dW[1]'); i += 1) {
    assert.ok(i < 40, 'Tab reaches the matrix');
    await press('Tab');
  }
  assert.deepEqual(await focused(), ['dW[1]', 1, 1]);
  await press('ArrowDown');
  assert.deepEqual(await explained(page), DW, 'arrow keys move in a matrix');
  await press('End');
  await press('ArrowRight');
  await press('ArrowDown', 5);
  assert.deepEqual(await focused(), ['dW[1]', 3, 2], 'the ends of the matrix');
  await press('Home');
  assert.deepEqual(await focused(), ['dW[1]', 3, 1]);
  await press('Tab');
  assert.deepEqual(await focused(), ['dZ[1]', 1, 1], 'Tab goes to the next matrix');
  await press('Shift+Tab');
  assert.deepEqual(await focused(), ['dW[1]', 3, 1], 'a matrix remembers its number');
  await press('Escape');
  assert.deepEqual((await explained(page)).lit, []);
  for (let i = 0; await focused() !== 'BUTTON'; i += 1) {
    assert.ok(i < 40, 'Tab leaves the matrices');
    await press('Tab');
  }
  await press('Enter');
  assert.equal(await heading(), headings[9], 'Back');
  await press('Space');
  assert.equal(await heading(), headings[8]);
  await page.getByRole('button', { name: 'Next' }).focus();
  await press('Enter', 2);
  assert.equal(await heading(), headings[10], 'Next keeps the focus');
  assert.match(await sum(page).textContent(), /^Step 11 of 14: Layer 1: back through the linear/);
  await step(page).focus();
  await press('ArrowDown');
  assert.equal(await heading(), headings[11]);
  assert.equal(await focused(), 'SELECT');
  await page.locator('.map a').nth(1).focus();
  await press('Enter');
  assert.equal(await focused(), 'H2', 'a link leads to the heading');
  for (let i = 0; !(await focused()).includes('Z[1]'); i += 1) {
    assert.ok(i < 4, 'Tab goes on from the heading');
    await press('Tab');
  }
}

/** The map and the address lead to steps, and the browser goes back. */
async function links(page) {
  await page.locator('.map').getByRole('link', { name: /Layer 2: update/ }).click();
  assert.match(page.url(), /#step-13$/);
  assert.equal(await step(page).inputValue(), '12');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.goBack();
  assert.equal(await step(page).inputValue(), '12');
  await page.reload();
  assert.equal(await step(page).inputValue(), '12');
  assert.equal(await page.locator('section.step:visible').count(), 1);
  await page.getByLabel('all steps').check();
  assert.equal(await page.locator('section.step:visible').count(), 14);
}

async function withoutScript(page) {
  assert.equal(await page.locator('section.step:visible').count(), 14);
  assert.equal(await page.getByRole('button').count(), 0, 'no control without a function');
}

async function paper(page) {
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('section.step:visible').count(), 14);
  for (const control of ['.bar', '.map', '.options']) {
    assert.ok(await page.locator(control).isHidden(), control);
  }
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
}

async function hostile(page, text) {
  assert.equal(await page.locator('h1').textContent(), text);
  assert.equal(await page.title(), text);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('section.current th bdi').first().textContent(), text);
  await page.locator('.program summary').click();
  assert.equal(await page.locator('.program code').textContent(), text);
}

/** What a screen reader says: names of controls, matrices, rows and columns. */
async function names(page) {
  await goTo(page, 2);
  const grid = page.getByRole('grid', { name: /^Z\[1\] \(\d+, \d+\)/ });
  assert.equal(await grid.count(), 1);
  assert.equal(await grid.locator('th[scope="col"]').nth(2).textContent(), 'example 3');
  assert.equal(await grid.locator('th[scope="row"]').first().textContent(), 'unit 1');
  assert.equal(await page.getByRole('navigation', { name: 'Steps' }).count(), 1);
  assert.equal(await page.getByRole('region', { name: 'Layer 1: linear step' }).count(), 1);
  for (const name of ['Back', 'Next']) {
    assert.equal(await page.getByRole('button', { name, exact: true }).count(), 1);
  }
  assert.equal(await sum(page).getAttribute('aria-live'), 'polite');
}

async function fits(page) {
  const steps = await page.locator('section.step').count();
  for (let number = 1; number <= steps; number += 1) {
    await goTo(page, number);
    assert.ok(!await scrollsSideways(page), `step ${number}`);
  }
  await page.getByLabel('all steps').check();
  assert.ok(!await scrollsSideways(page));
}

/** Text has a contrast of 4.5 with what is behind it, also in lit cells. */
async function contrast(page) {
  for (const number of [1, 2, 6, 11, 12]) {
    await goTo(page, number);
    const made = page.locator('section.current table.made tbody td').first();
    if (await made.count()) {
      await made.hover();
      assert.ok(await page.locator('section.current td.lit').count() > 0 || number === 1);
      const outline = await page.locator('section.current td.lit').first()
        .evaluate((td) => getComputedStyle(td).outlineStyle);
      assert.equal(outline, 'solid', 'not by color alone');
    }
    assert.deepEqual(await page.evaluate(faint), []);
  }
}

/** The visible texts with less contrast. Runs on the page. */
function faint() {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((rgb(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { parentElement: element, data } = texts.currentNode;
    if (!data.trim() || !element.checkVisibility()) continue;
    if (element.closest('[aria-disabled=true]')) continue;
    const levels = [getComputedStyle(element).color, behind(element)].map(light);
    levels.sort((a, b) => b - a);
    const ratio = (levels[0] + 0.05) / (levels[1] + 0.05);
    if (ratio < 4.5) found.push(`${data.trim()}: ${ratio.toFixed(2)}`);
  }
  return found;
}

/** Every sum on the page, with all digits, gives its number if a program computes it. */
async function sums(page) {
  const found = await allSums(page);
  assert.ok(found.length > 50);
  let checked = 0;
  for (const [first, numbers, lit] of found) {
    const value = first.replaceAll('−', '-').split(' = ').pop();
    const expression = program(numbers);
    assert.ok(lit > 0 || /^= 1$/.test(numbers), `${first}: ${numbers}`);
    if (!expression) continue;
    const computed = new Function(`return ${expression}`)();
    const near = Math.abs(computed - Number(value)) <= 2e-6 * Math.max(1, Math.abs(computed));
    assert.ok(near, `${first}\n${numbers}\n${expression} = ${computed}`);
    checked += 1;
  }
  assert.ok(checked > 0.9 * found.length, `${checked} of ${found.length}`);
}

/** Sums of more than ten terms have all their numbers, which are lit. */
async function longSums(page) {
  for (const [first, numbers, lit] of await allSums(page)) {
    assert.ok(!/[{}⟦⟧|]/.test(numbers), `${first}\n${numbers}`);
    assert.ok(lit > 0, first);
  }
  await goTo(page, 2);
  await cell(page, 'Z[1]', 32, 12).dispatchEvent('pointerover', { bubbles: true });
  assert.equal((await explained(page)).lit.length, 32 + 32 + 1);
}

/** The first line, the numbers, and the count of lit cells of every sum on the page. */
async function allSums(page) {
  await page.getByLabel('all digits').check();
  await page.getByLabel('all steps').check();
  return page.evaluate(() => {
    const cells = [...document.querySelectorAll('table.made tbody td')];
    return cells.map((td) => {
      td.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
      const [first, , numbers] = [...document.querySelectorAll('.sum p')].map((p) => p.textContent);
      return [first, numbers, document.querySelectorAll('td.lit').length];
    });
  });
}

/** A sum as JavaScript, or nothing if it has functions that JavaScript lacks. */
function program(numbers) {
  if (/[Φφ]|v′/.test(numbers)) return null;
  const [terms, s] = numbers.slice(2).split(', s = ');
  const translated = (text) => text
    .replaceAll('−', '-').replaceAll('·', '*').replaceAll('²', '**2').replaceAll('³', '**3')
    .replace(/e\^(\d[\d.e-]*)/g, 'Math.exp($1)').replaceAll('e^(', 'Math.exp(')
    .replace(/√\(8\/π\)/g, 'Math.sqrt(8/Math.PI)')
    .replaceAll('ln(', 'Math.log(').replace(/\b(max|tanh)\(/g, 'Math.$1(')
    .replace(/^(.*) if (.*) > 0, else (.*)$/, '$2 > 0 ? $1 : $3');
  const [main, v] = terms.split(', v = ');
  const s_of = v ? `1 / (1 + e^(−(${v})))` : s;
  return `((s) => ${translated(main)})(${s_of ? translated(s_of) : 0})`;
}
