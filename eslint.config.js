import esx from "eslint-plugin-es-x";

// The client, the pages' scripts and some of tests run in engines of 2001: this refuses every syntax and every
// built-in that ES3 does not have.
export default [
  {
    ...esx.configs["flat/restrict-to-es3"],
    files: [
      "client/**/*.js",
      "static/*.js",
      "test/browser/pages/counter.js",
      "test/browser/pages/limits.js",
      "test/support/jscript/*.js",
    ],
    languageOptions: { sourceType: "script" },
    settings: { "es-x": { aggressive: true } },
  },
];
