// Opens a page for a test, and fails for every request, console message of an error, or exception.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Opens `folder/name` with the options of `browser.newContext`, and passes the page to `use`. */
export async function open(browser, folder, name, options, use) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const address = pathToFileURL(join(folder, name)).href;
  const problems = [];
  page.on('request', (request) => {
    const url = request.url();
    if (url !== address && !url.startsWith('data:')) problems.push(`request: ${url}`);
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(address);
  await use(page);
  await context.close();
  assert.deepEqual(problems, [], `${name} in a browser`);
}

/** Whether the page scrolls sideways. */
export const scrollsSideways = (page) => page.evaluate(
  () => document.documentElement.scrollWidth > document.documentElement.clientWidth);
