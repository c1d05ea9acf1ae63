import type { Browser, Page } from "puppeteer-core";

/**
 * How Firefox's protocol reports a navigation, now and then, where the page before it has a frame
 * whose document is still being loaded: it takes the end of that for the end of the navigation.
 */
const LEFT = /browsingContext\.(?:navigate|reload).*(?:NS_BINDING_ABORTED|Address rejected)/;

async function onceMore<T>(navigate: () => Promise<T>): Promise<T> {
  try {
    return await navigate();
  } catch (error) {
    if (!LEFT.test(String(error))) throw error;
    return navigate();
  }
}

/** Open a blank page that goes again where a navigation is reported so. */
export async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  const goTo = page.goto.bind(page);
  const reload = page.reload.bind(page);
  page.goto = (...how) => onceMore(() => goTo(...how));
  page.reload = (...how) => onceMore(() => reload(...how));
  return page;
}
