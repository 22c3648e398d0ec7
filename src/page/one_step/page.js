// Shows one step at a time, and for a number the numbers that it comes from. Computes nothing.
const { matrices, sums } = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main');
const sections = [...document.querySelectorAll('section.step')];
const links = [...document.querySelectorAll('.map a')];
const tables = [...document.querySelectorAll('table[data-name]')];

const create = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
// Raises the numbers of layers: W[1].
const layered = (text) => text.split(/(\[\d+\])/).map(
  (part, i) => (i % 2 ? create('sup', { textContent: part }) : part));

// The bar with the controls and the sum.
const word = (text) => create('span', { className: 'word', textContent: text });
const back = create('button', {
  type: 'button', ariaLabel: 'Back', title: 'Arrow left, outside a matrix',
}, '←', word(' Back'));
const next = create('button', {
  type: 'button', ariaLabel: 'Next', title: 'Arrow right, outside a matrix',
}, word('Next '), '→');
const choice = create('select', { ariaLabel: 'Step' }, ...sections.map((section, i) => {
  const heading = section.querySelector('h2 .heading').textContent;
  return create('option', { value: i, textContent: `${i + 1} of ${sections.length}: ${heading}` });
}));
const check = (text) => {
  const input = create('input', { type: 'checkbox' });
  return [input, create('label', {}, input, ` ${text}`)];
};
const [all, allLabel] = check('all steps');
const [digits, digitsLabel] = check('all digits in the sum');
const hint = 'Point at or tap a number, or reach it with Tab and the arrow keys, to see how it is '
  + 'made. A click, a tap or Enter holds it, until the next click or Esc.';
const sum = create('div', { className: 'sum', role: 'status', ariaLive: 'polite' });
const bar = create('div', { className: 'bar', role: 'region', ariaLabel: 'Sum and steps' },
  sum, create('div', { className: 'controls' }, back, choice, next));
main.insertBefore(bar, document.querySelector('.program'));
document.querySelector('h1').before(create('div', { className: 'options' }, allLabel, digitsLabel));
main.classList.add('with-script');

// Steps: the address names the current one, so a link opens it and the browser goes back to it.
let current = 0;
const show = (step, scroll) => {
  const left = document.activeElement.closest('section.step');
  current = Math.min(Math.max(step, 0), sections.length - 1);
  sections.forEach((section, i) => section.classList.toggle('current', i === current));
  links.forEach((link, i) => {
    if (i === current) link.setAttribute('aria-current', 'step');
    else link.removeAttribute('aria-current');
  });
  choice.value = current;
  back.setAttribute('aria-disabled', current === 0);
  next.setAttribute('aria-disabled', current === sections.length - 1);
  links[current].scrollIntoView({ block: 'nearest', inline: 'center' });
  // A wide window has room for the map above the section.
  if (scroll && innerWidth >= 1100 && !all.checked) scrollTo(0, 0);
  else if (scroll) sections[current].scrollIntoView();
  if (left && left !== sections[current] && !all.checked) focusHeading();
  explain(null);
};
const focusHeading = () => sections[current].querySelector('h2').focus({ preventScroll: true });
const go = (step) => {
  if (step < 0 || step >= sections.length) return;
  // Unlike `location.hash`, this leaves the focus on the button.
  history.pushState(null, '', `#step-${step + 1}`);
  show(step, true);
};
// A link moves the focus to the heading of its step, as the link itself may be gone.
addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#step-"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(sections.findIndex((section) => link.hash === `#${section.id}`));
  focusHeading();
});
const named = () => sections.findIndex((section) => `#${section.id}` === location.hash);
addEventListener('popstate', () => show(Math.max(named(), 0), true));
back.addEventListener('click', () => go(current - 1));
next.addEventListener('click', () => go(current + 1));
choice.addEventListener('change', () => go(Number(choice.value)));
all.addEventListener('change', () => {
  main.classList.toggle('one', !all.checked);
  sections[current].scrollIntoView();
});
digits.addEventListener('change', () => explain(target));

// Numbers.
const sign = (text) => text.replaceAll('-', '−');
const full = (number) => sign(String(number));
const at = (name, i, j) => matrices[name].numbers[i][j];
const cellOf = (table, i, j) => table.tBodies[0].rows[i].cells[j + 1];
const place = (cell) => [cell.parentNode.sectionRowIndex, cell.cellIndex - 1];

// The sum as text, with every number that it uses.
const expand = (terms, [i, j], write) => terms
  .replace(/⟦(\d+)\|(.*?)⟧/g, (_, n, term) => Array.from({ length: n }, (_, k) => k)
    .map((k) => term.replace(/ k\b/g, ` ${k}`)).join(' + '))
  .replace(/\{(-?)([^{}]*?) (\w+) (\w+)\}/g, (_, bare, name, row, column) => {
    const index = (letter) => ({ i, j })[letter] ?? Number(letter);
    return write(name, index(row), index(column), bare);
  });

let target = null;
let held = false;
let lit = [];
const hold = (value) => {
  held = value;
  target?.classList.toggle('held', held);
};
const explain = (cell) => {
  hold(held && cell !== null && cell === target);
  lit.forEach((other) => other.classList.remove('lit', 'target'));
  lit = [];
  target = cell;
  if (!cell) return sum.replaceChildren(create('p', {}, stepName()), create('p', {}, hint));
  const table = cell.closest('table');
  const [i, j] = place(cell);
  const { name } = table.dataset;
  const made = table.classList.contains('made');
  light(cell, 'target');
  const value = at(name, i, j);
  const result = create('strong', {}, shown(cell, value));
  const equals = isRounded(cell, value) ? ' ≈ ' : ' = ';
  const first = create('p', {}, ...title(table, i, j), equals, result);
  if (!made) {
    first.append('. ', ...origin(name));
    return sum.replaceChildren(first);
  }
  const [words, terms] = sums[name];
  const inWords = words.replaceAll('{i}', i + 1).replaceAll('{j}', j + 1);
  sum.replaceChildren(
    first,
    create('p', {}, '= ', ...layered(inWords)),
    create('p', {}, ...numbers(cell.closest('.equation'), terms, [i, j], value)));
  sum.tabIndex = sum.scrollHeight > sum.clientHeight ? 0 : -1;
};
const stepName = () => {
  const heading = sections[current].querySelector('h2 .heading').textContent;
  return create('b', {}, `Step ${current + 1} of ${sections.length}: ${heading}`);
};
const title = (table, i, j) => {
  const caption = matrices[table.dataset.name].name.split(' = ').pop();
  const row = table.tBodies[0].rows[i].cells[0];
  const column = table.tHead.rows[0].cells[j + 1];
  const sides = [[row, `row ${i + 1}`], [column, `column ${j + 1}`]]
    .filter(([header]) => header.textContent);
  const names = sides.flatMap(([header]) => [', ', nameOf(header)]);
  const where = sides.map(([, text]) => text).join(', ');
  return [create('b', {}, ...layered(caption), ...names), where && ` (${where})`];
};
// What a header says: "unit 1", or the name of a feature.
const nameOf = (header) => (
  header.querySelector('bdi') ?? create('bdi', { textContent: header.textContent })).cloneNode(true);
// The text of a number in the sum: as in its cell, or with all digits.
const shown = (cell, value) => (digits.checked || typeof value !== 'number' ? full(value)
  : cell.textContent.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''));
// 0.1·3, which is not exactly 0.3, counts as 0.3.
const isRounded = (cell, value) => {
  const text = Number(shown(cell, value).replaceAll('−', '-'));
  return Math.abs(text - value) > 1e-6 * Math.abs(value);
};
// Whether rounded numbers decide only a case, or a factor of 0 makes the product exact.
const isExact = (terms, value) => !terms.replace(/ if [^,]*/g, '').includes('{')
  || (value === 0 && /^(\{[^}]*\}·\{[^}]*\}|max\(0, .*\))$/.test(terms));
const light = (cell, name) => {
  cell.classList.add(name);
  lit.push(cell);
};
// The sum with its numbers, which are lit in the matrices of the same equation.
const numbers = (equation, terms, position, value) => {
  let rounded = false;
  const text = expand(terms, position, (name, i, j, bare) => {
    const table = equation.querySelector(`table[data-name="${name}"]:not(.made)`);
    const cell = cellOf(table, i, j);
    light(cell, 'lit');
    const value = at(name, i, j);
    const number = shown(cell, value);
    rounded ||= isRounded(cell, value);
    return number.startsWith('−') && !bare ? `(${number})` : number;
  });
  return [rounded && !isExact(terms, value) ? '≈ ' : '= ', text];
};
const stepOf = (name) => 1 + sections.findIndex(
  (section) => section.querySelector(`.made[data-name="${name}"]`));
// Where a number comes from that this equation does not make.
const origin = (name) => {
  const step = stepOf(name);
  if (name === 'new J') return [`Steps 2 to ${stepOf('J')} again, with the new W and b.`];
  if (!step) return [/^[Wb]/.test(name) ? 'A parameter.' : 'Given with the batch.'];
  return ['Made in ', create('a', { href: `#step-${step}`, textContent: `step ${step}` }), '.'];
};

// Each matrix is one stop of the Tab key; the arrow keys move in it.
tables.forEach((table) => {
  table.setAttribute('role', 'grid');
  const { children } = table.caption;
  const [name, shape, sides] = [...children].map((child) => child.textContent);
  table.setAttribute('aria-label', `${name} ${shape}${sides ? `, ${sides}` : ''}`);
  const cells = [...table.querySelectorAll('tbody td')];
  cells.forEach((cell, i) => { cell.tabIndex = i ? -1 : 0; });
  const reach = (event) => {
    const cell = event.target.closest('tbody td');
    if (cell && cell !== target && !held) explain(cell);
  };
  ['pointerover', 'focusin'].forEach((event) => table.addEventListener(event, reach));
  table.addEventListener('focusin', (event) => {
    cells.forEach((cell) => { cell.tabIndex = cell === event.target ? 0 : -1; });
  });
  const rows = table.tBodies[0].rows.length;
  const columns = cells.length / rows;
  const moves = {
    ArrowUp: ([i, j]) => [i - 1, j], ArrowDown: ([i, j]) => [i + 1, j],
    ArrowLeft: ([i, j]) => [i, j - 1], ArrowRight: ([i, j]) => [i, j + 1],
    Home: ([i]) => [i, 0], End: ([i]) => [i, columns - 1],
  };
  table.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.target.click();
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [i, j] = move(place(event.target));
    hold(false);
    if (i >= 0 && i < rows && j >= 0 && j < columns) cellOf(table, i, j).focus();
  });
});
// A click holds a number, so that the way to a link in its sum can cross other numbers.
addEventListener('click', (event) => {
  if (sum.contains(event.target) || digitsLabel.contains(event.target)) return;
  const cell = event.target.closest('table[data-name] tbody td');
  if (!cell) return hold(false);
  const again = held && cell === target;
  if (cell !== target) explain(cell);
  hold(!again);
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') explain(null);
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.('select, pre, table')) return;
  if (event.key === 'ArrowLeft') go(current - 1);
  if (event.key === 'ArrowRight') go(current + 1);
});

sections.forEach((section) => { section.querySelector('h2').tabIndex = -1; });
main.classList.add('one');
show(Math.max(named(), 0), named() > 0);
