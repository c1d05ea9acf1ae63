// For pages with modules: `import { open } from "./foreverframe.mjs"`. The script stays the one for all browsers.
import "./foreverframe.js";

export const { open } = window.foreverframe;
