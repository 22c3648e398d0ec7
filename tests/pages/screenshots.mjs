// Takes the pictures of the pages for README and guide. `.html` files have the picture inside, for
// the documentation, which cannot refer to files.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from './open.mjs';

/** The pictures, with the state that they show. */
const PICTURES = [
  {
    page: 'one_step.html',
    size: { width: 1400, height: 900 },
    text: 'The page of one step: a number of dW[1], the row and the column that it comes from, its sum',
    async prepare(page) {
      await page.getByRole('combobox', { name: 'Step' }).selectOption('10');
      await page.locator('section.current table.made[data-name="dW[1]"] td').nth(2).click();
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
  {
    page: 'film.html',
    size: { width: 1500, height: 1260 },
    text: 'The film of the flower: beside each other, a run from He\'s initialization and one from zeros',
    async prepare() {},
  },
];

/** Writes the pictures into the folder `to`. */
export async function take(browser, folder, to) {
  for (const { page: name, size, text, prepare } of PICTURES) {
    await open(browser, folder, name, { viewport: size }, async (page) => {
      await prepare(page);
      const png = await page.screenshot();
      const webp = await asWebp(browser, png, size);
      const base = name.replace('.html', '');
      writeFileSync(join(to, `${base}.webp`), Buffer.from(webp.split(',')[1], 'base64'));
      const image = `<img alt="${text}" style="max-width:100%" src="${webp}">`;
      writeFileSync(join(to, `${base}.html`), `${image}\n`);
    });
  }
}

/** Returns a picture as a data URL. */
async function asWebp(browser, png, { width, height }) {
  const page = await browser.newPage();
  const url = await page.evaluate(async ([source, w, h]) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.8);
  }, [`data:image/png;base64,${png.toString('base64')}`, width, height]);
  await page.close();
  return url;
}
