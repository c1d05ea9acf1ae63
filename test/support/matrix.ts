/**
 * Whether each test runs with everything that it holds for: in each browser, by each transport on
 * each carrier. `npm test` takes one of them, or each once, where the code under test is the same
 * for all; `npm run test:long` takes all.
 */
export const IS_WHOLE_MATRIX = process.env["TEST_MATRIX"] === "whole";
