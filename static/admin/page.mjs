/** What the parts of the page share: elements, tables, numbers in words. */

/** The element with an id. */
export function element(id) {
  return document.getElementById(id);
}

/** A cell: its text, a class name, and what the pointer shows of it. */
export function cell(text, className = "", title = "") {
  const td = document.createElement("td");
  td.textContent = text;
  td.className = className;
  if (title !== "") td.title = title;
  return td;
}

/** A number, right-aligned. */
export function numberCell(text, className = "") {
  return cell(text, `number ${className}`.trim());
}

/** A cell with a button in it, which stays in sight where the table scrolls sideways. */
export function buttonCell(label, name, act) {
  const td = document.createElement("td");
  td.className = "act";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.setAttribute("aria-label", name);
  button.addEventListener("click", () => act(button));
  td.append(button);
  return td;
}

/**
 * Show rows in a table's body: a key and a list of cells for each. A row whose key was there before
 * stays the same element, so that focus, pointer and selection stay with it.
 */
export function fill(body, rows) {
  const earlier = rowsByKey(body);
  body.replaceChildren(...rows.map(([key, cells]) => updated(earlier.get(key), key, cells)));
}

/**
 * Like {@link fill}, but while somebody points at the table or is in it, no row moves, comes or
 * goes: those that are over turn grey.
 *
 * @returns how many rows are not shown for this reason
 */
export function refill(body, rows) {
  if (!isInUse(body)) {
    fill(body, rows);
    return 0;
  }
  const wanted = new Map(rows);
  for (const [key, row] of rowsByKey(body)) {
    const cells = wanted.get(key);
    row.classList.toggle("over", cells === undefined);
    if (cells !== undefined) updated(row, key, cells);
    wanted.delete(key);
  }
  return wanted.size;
}

function isInUse(body) {
  return body.matches(":hover") || body.contains(document.activeElement);
}

function rowsByKey(body) {
  return new Map(Array.from(body.rows, (row) => [row.dataset.key, row]));
}

function updated(earlier, key, cells) {
  if (earlier === undefined) {
    const row = document.createElement("tr");
    row.dataset.key = key;
    row.append(...cells);
    return row;
  }
  earlier.classList.remove("over");
  cells.forEach((cell, at) => {
    const shown = earlier.cells[at];
    // A button acts on what the key names, so it stays as it is.
    if (shown.querySelector("button") !== null) return;
    if (shown.textContent !== cell.textContent) shown.textContent = cell.textContent;
    shown.className = cell.className;
    shown.title = cell.title;
  });
  return earlier;
}

/** Set a text only where it differs: screen readers say it again each time it is set. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** The fields of a form. */
export function fieldsOf(form) {
  return Object.fromEntries(new FormData(form));
}

/** A whole number, or one with a digit after the point. */
export function count(number) {
  return number.toLocaleString("en-US", { maximumFractionDigits: number < 10 ? 1 : 0 });
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size. */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < BYTES.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${count(value)} ${BYTES[unit]}`;
}

/** How long something is. */
export function duration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${count(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${count(seconds / 3_600)} h`;
  return `${count(seconds / 86_400)} d`;
}

/** The local time of a time in Unix ms, with its date unless that is today. */
export function clock(time) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}
