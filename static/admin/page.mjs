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

/** A cell with a button in it. */
export function buttonCell(label, name, act) {
  const td = document.createElement("td");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.setAttribute("aria-label", name);
  button.addEventListener("click", () => act(button));
  td.append(button);
  return td;
}

/** Replace the rows of a table's body: a list of cells for each. */
export function fill(body, rows) {
  body.replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells);
      return row;
    }),
  );
}

/** Whether somebody points at a table or is in it: then its rows must stay where they are. */
export function isInUse(body) {
  return body.matches(":hover") || body.contains(document.activeElement);
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
