// Opens the pages of a folder in Chromium and compares them with expected.json, for .ci/pages. Takes
// their pictures if a folder for these is given.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { take } from './screenshots.mjs';

const [folder, modules, pictures] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(modules), '/'))('playwright-core');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const [page, figures] of Object.entries(expected)) {
    const { test } = await import(`./${page}.mjs`);
    await test(browser, folder, figures);
    console.log(`${page}: ok`);
  }
  if (pictures) await take(browser, folder, pictures);
} finally {
  await browser.close();
}
