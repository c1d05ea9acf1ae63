const matrix = process.env["TEST_MATRIX"];

/**
 * Whether tests of what a browser does run in each browser: `npm test -- all` does, `npm test`
 * takes Chromium.
 */
export const IS_EACH_BROWSER = matrix === "each" || matrix === "whole";

/**
 * Whether each test runs with everything that it holds for: in each browser, by each transport on
 * each carrier. `npm test -- all` takes one of them, or each once, where the code under test is the
 * same for all; `npm run test:long` takes all.
 */
export const IS_WHOLE_MATRIX = matrix === "whole";
